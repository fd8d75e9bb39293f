import assert from "node:assert/strict";
import { test } from "node:test";
import { parentName } from "../../src/config/load.ts";

const images = [{ name: "debian" }, { name: "debian10" }, { name: "a.b-c" }];

const cases: readonly (readonly [
  pattern: string | undefined,
  reference: string,
  name: string | undefined,
])[] = [
  ["qemu/{name}", "qemu/debian", "debian"],
  ["qemu/{name}", "qemu/debian10:latest", "debian10"],
  ["qemu/{name}", "qemu/a.b-c", "a.b-c"],
  ["qemu/{name}", "qemu/fedora", undefined],
  ["qemu/{name}", "debian", undefined],
  ["qemu/{name}", "docker.io/qemu/debian", undefined],
  ["qemu/{name}", "qemu/debian/x", undefined],
  ["qemu/{name}", "qemu/debian:", undefined],
  ["qemu/{name}", `qemu/debian@sha256:${"0".repeat(64)}`, undefined],
  ["qemu:{name}", "qemu:debian10", "debian10"],
  ["registry.example.com:5000/x/{name}:base", "registry.example.com:5000/x/debian:base", "debian"],
  ["registry.example.com/{name}", "registryXexample.com/debian", undefined],
  ["{name}", "debian:12", "debian"],
  ["${BASE}{name}", "debian", undefined],
  [undefined, "debian", undefined],
];

for (const [pattern, reference, name] of cases)
  test(`with parents ${pattern}, ${reference} names ${name ?? "no image"}`, () =>
    assert.equal(parentName({ parents: pattern }, images)(reference), name));
