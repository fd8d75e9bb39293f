/** Images that are built for this machine alone: their names, and podman as the program that makes them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { lookAtMachine } from "../../src/build/buildah-machine.ts";
import { nameHere } from "../../src/build/here.ts";
import type { Key } from "../../src/image/key.ts";
import { parseReference, printReference } from "../../src/oci/reference.ts";
import type { Run } from "../../src/world.ts";
import { ended } from "../support/processes.ts";

const key = "0123456789abcdef".repeat(4) as Key;

test("an image built here is named after its work tree, itself and its key", () => {
  for (const [root, folder] of [
    ["/home/me/qemu", "qemu"],
    ["/home/me/My Project (2)", "my-project-2"],
    ["/home/me/äö", ""],
    ["/", ""],
  ] as const) {
    const name = printReference(nameHere(root, { name: "debian", key }));
    assert.match(
      name,
      new RegExp(`^localhost/berth/${folder}-?[0-9a-f]{8}/debian:key\\d+-${key}$`),
    );
    assert.equal(printReference(parseReference(name)), name);
  }
  const [one, other] = ["/a/qemu", "/b/qemu"].map((root) =>
    nameHere(root, { name: "debian", key }),
  );
  assert.notEqual(one?.path, other?.path);
});

/** Of podman 4.3.1 as root, `info --format=json`, less what is not about its store. */
const info = `{
  "host": { "arch": "amd64", "buildahVersion": "1.28.2", "conmon": { "version": "conmon version 2.1.6, commit: unknown" } },
  "store": { "graphDriverName": "overlay", "graphRoot": "/var/lib/containers/storage", "runRoot": "/run/containers/storage" },
  "version": { "APIVersion": "4.3.1", "Version": "4.3.1" }
}`;

test("podman builds as the buildah that it holds", async () => {
  const asked: string[] = [];
  const run: Run = async (command, args, options) => {
    const driver = options?.env?.["STORAGE_DRIVER"] ?? [];
    asked.push([driver, command, ...args].flat().join(" "));
    return ended({ stdout: JSON.stringify(JSON.parse(info), null, 2) });
  };
  const files = {
    entry: async () => undefined,
    read: async () => undefined,
    write: async () => {},
  };
  const clock = { now: () => new Date(0), sleep: async () => {} };
  const { run: call, ...machine } = await lookAtMachine({
    run,
    files,
    clock,
    env: {},
    command: "podman",
  });
  assert.deepEqual(machine, {
    version: { text: "1.28.2", minor: 28 },
    driver: "overlay",
    graphRoot: "/var/lib/containers/storage",
    runRoot: "/run/containers/storage",
    names: "{{.Repository}}:{{.Tag}}",
  });
  await call(["images"]);
  assert.deepEqual([...new Set(asked)], ["podman info --format=json", "overlay podman images"]);
});
