import assert from "node:assert/strict";
import { test } from "node:test";
import type { DoctorFacts } from "../../src/doctor/facts.ts";
import { type ForeignPlatform, gatherMachine } from "../../src/doctor/machine.ts";
import { judge, trouble } from "./cases.ts";
import { healthy } from "./healthy.ts";

function withBuildah(text: string): DoctorFacts {
  const engines = [{ name: "buildah", version: { text } } as const];
  return { ...healthy, machine: { ...healthy.machine, engines } };
}

function withForeign(...handlers: readonly ForeignPlatform["handler"][]): DoctorFacts {
  const names = ["linux/arm64", "linux/s390x"];
  const foreign = handlers.map((handler, at) => ({ platform: names[at] ?? "", handler }));
  return { ...healthy, machine: { ...healthy.machine, foreign } };
}

test("a handler is what the kernel says of it, and unknown where it says nothing", async () => {
  const kernel = new Map([
    ["status", "enabled"],
    ["qemu-aarch64", "enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: POCF\noffset 0\n"],
    ["qemu-arm", "enabled\ninterpreter /usr/bin/qemu-arm\nflags: OC\noffset 0\n"],
    ["qemu-s390x", "disabled\ninterpreter /usr/bin/qemu-s390x-static\nflags: F\n"],
  ]);
  const folder = "/proc/sys/fs/binfmt_misc/";
  const asked = ["linux/arm64", "linux/arm/v7", "linux/s390x", "linux/riscv64"];
  const handlers = async (files: ReadonlyMap<string, string>) => {
    const read = async (path: string) => {
      const text = path.startsWith(folder) ? files.get(path.slice(folder.length)) : undefined;
      return text === undefined ? undefined : Buffer.from(text);
    };
    const { foreign } = await gatherMachine([], { read }, asked);
    return foreign.map(({ handler }) => handler);
  };
  assert.deepEqual(await handlers(kernel), ["held", "open", "none", "none"]);
  assert.deepEqual(new Set(await handlers(new Map())), new Set(["unknown"]));
});

judge("machine and clone", [
  ["one platform, the machine's", healthy, "emulation", "ok", /no image/],
  ["a platform that is emulated", withForeign("held"), "emulation", "ok", /starts .*arm64/],
  [
    "a platform that nothing starts, beside one",
    withForeign("held", "none"),
    "emulation",
    "warning",
    /nothing here starts programs of linux\/s390x.*exec format error.*qemu-user-static/s,
  ],
  [
    "a handler that is not held open",
    withForeign("open"),
    "emulation",
    "warning",
    /arm64 works outside of containers only.*flag F/s,
  ],
  ["a container that sees no handlers", withForeign("unknown"), "emulation", "note", /arm64/],
  ["buildah 1.44", withBuildah("1.44.0"), "engine", "warning", /overlay/],
  ["buildah 2.0", withBuildah("2.0.1"), "engine", "warning", /overlay/],
  ["buildah 1.39", withBuildah("1.39.3"), "engine", "ok", /answers/],
  [
    "a host whose AppArmor forbids mounts in user namespaces",
    { ...healthy, machine: { ...healthy.machine, restrictsNamespaces: true } },
    "engine",
    "ok",
    /apparmor_restrict_unprivileged_userns is 1/,
  ],
  ["buildah 1.28", withBuildah("1.28.2"), "engine", "note", /no heredocs .*one layer cache/s],
  ["buildah 1.34", withBuildah("1.34.0"), "engine", "note", /^(?!.*heredocs).*bind mounts/s],
  [
    "no engine",
    {
      ...healthy,
      machine: { ...healthy.machine, engines: [{ name: "buildah", version: trouble }] },
    },
    "engine",
    "error",
    /buildah: do something.*give a token/s,
  ],
  [
    "the umask of GitLab's runners",
    healthy,
    "umask",
    "ok",
    /0000, which makes no difference.*canonical/s,
  ],
  [
    "a shallow clone that promotes",
    { ...healthy, clone: { shallow: true, promotes: ["latest"] } },
    "clone",
    "note",
    /GIT_DEPTH/,
  ],
  [
    "a shallow clone of a topic branch",
    { ...healthy, clone: { shallow: true, promotes: [] } },
    "clone",
    "ok",
    /enough/,
  ],
]);
