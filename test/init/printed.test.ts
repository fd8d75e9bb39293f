/** What `berth init` says of a few projects, whole. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { printProposal } from "../../src/init/propose.ts";
import { freedesktop, lcitool, qemu } from "./layouts.ts";
import { proposed } from "./proposed.ts";

const one = { Dockerfile: "FROM debian:13-slim\n" };
const cases: readonly (readonly [
  file: string,
  files: Readonly<Record<string, string>>,
  written: string | undefined,
  trouble: readonly string[],
])[] = [
  ["qemu", qemu, undefined, []],
  ["lcitool", lcitool, "/src/berth.yml", []],
  ["freedesktop", freedesktop, undefined, []],
  ["freedesktop-written", freedesktop, "/src/berth.yml", []],
  ["one", { ...one, ".gitlab-ci.yml": "lint: { script: a }\n" }, undefined, []],
  ["trouble", one, undefined, ["berth: Dockerfile:2:1: it is not pinned [DOCKERFILE_INVALID]"]],
];
for (const [file, files, written, trouble] of cases)
  test(`of ${file}`, async () => {
    const text = printProposal(await proposed(files), written, trouble);
    assert.equal(text, readFileSync(join(import.meta.dirname, "printed", `${file}.txt`), "utf8"));
  });
