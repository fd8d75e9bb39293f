import assert from "node:assert/strict";
import { test } from "node:test";
import { lendPrograms } from "../../src/executor/programs.ts";
import { ended } from "../support/processes.ts";

const core = "/usr/lib/git-core";
const loaded = `\tlinux-vdso.so.1 (0x1)\n\tlibz.so.1 => /lib/libz.so.1 (0x2)\n\t/lib64/ld-linux.so.2 (0x3)\n`;
const host = {
  "/usr/bin/git": "git itself",
  [`${core}/git-remote-http`]: "remote",
  [`${core}/git-submodule`]: "submodule",
  [`${core}/git-sh-setup`]: "setup",
  "/lib/libz.so.1": "z",
  "/lib64/ld-linux.so.2": "loader",
  "/etc/ssl/cert.pem": "certificates",
};

/** Lends from a host with these files; gives the volumes, and what came to be below the folder, twice over. */
async function lent(files: Readonly<Record<string, string>>, runner = "", libraries = loaded) {
  const there = new Map(Object.entries(files).map(([path, text]) => [path, text] as const));
  const made: string[] = [];
  const ports = {
    run: async (command: string) =>
      ended({ stdout: command === "ldd" ? libraries : `${core}\n/usr/bin/git\n${runner}` }),
    files: {
      read: async (path: string) =>
        there.has(path) ? Buffer.from(there.get(path) ?? "") : undefined,
      entry: async (path: string) =>
        there.has(path) ? ({ kind: "file", executable: true, size: 1 } as const) : undefined,
      write: async (path: string, text: string | Uint8Array, mode = 0) => {
        there.set(path, Buffer.from(text).toString());
        made.push(`${path.replace(/^\/f\/programs\/[0-9a-f]{16}\//, "")} ${mode.toString(8)}`);
      },
    },
  };
  const volumes = await lendPrograms("/f", ports);
  const once = made.length;
  assert.deepEqual(await lendPrograms("/f", ports), volumes);
  assert.equal(made.length, once);
  const [, target = ""] = /^(\S+):\/\.berth:ro$/.exec(volumes[0] ?? "") ?? [];
  return { volumes, made, text: (path: string) => there.get(`${target}/${path}`) ?? "" };
}

test("git comes with its loader and libraries, once for each version, and the runner beside it", async () => {
  const { volumes, made, text } = await lent(host, "/usr/bin/gitlab-runner\n");
  assert.deepEqual(volumes.slice(1), ["/usr/bin/gitlab-runner:/.berth/bin/gitlab-runner:ro"]);
  assert.deepEqual(made, [
    ...["git", "git-remote-http", "libz.so.1", "ld-linux.so.2"].map((name) => `lib/${name} 755`),
    ...["core/git-submodule 755", "core/git-sh-setup 755", "ca.pem 755", "gitconfig 644"],
    ...["core/git-remote-http 755", "core/git-remote-https 755", "core/git 755"],
    ...["bin/gitlab-runner 755", "bin/git 755"],
  ]);
  const start = "/.berth/lib/ld-linux.so.2 --library-path /.berth/lib ";
  const wrapper = (name: string, how = start) => `#!/bin/sh
export GIT_EXEC_PATH=/.berth/core GIT_CONFIG_SYSTEM=/.berth/gitconfig GIT_TEMPLATE_DIR=
exec ${how}/.berth/lib/${name} "$@"
`;
  assert.equal(text("bin/git"), wrapper("git"));
  assert.equal(text("core/git-remote-https"), wrapper("git-remote-http"));
  assert.equal(text("ca.pem"), "certificates");
  assert.match(text("gitconfig"), /sslCAInfo = \/\.berth\/ca\.pem\n\[safe\]\n\tdirectory = \*\n$/);
  const alone = await lent(host, "", "\tstatically linked\n");
  assert.equal(alone.volumes.length, 1);
  assert.equal(alone.text("bin/git"), wrapper("git", ""));
});

test("a host without git says what to install", () =>
  assert.rejects(lent({}), { code: "ENGINE_MISSING", hint: /install git on the runner's host/ }));
