import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";
import { shellLine } from "../../src/printable.ts";
import {
  type ContainerRequest,
  containerArguments,
  containerName,
  foldersOf,
} from "../../src/run/container.ts";
import type { Tool } from "../../src/run/tool.ts";
import type { Git } from "../../src/world.ts";

const reference = `registry.example.com/qemu/debian@sha256:${"a".repeat(64)}`;
const own = { users: "same", init: true, labels: false } as const;
const docker: Tool = { name: "docker", command: "docker", ...own };
const plain: ContainerRequest = {
  reference,
  platform: "linux/amd64",
  terminal: false,
  user: "caller",
  folders: ["/src/qemu"],
  kept: ["/src/qemu/.git"],
  workdir: "/src/qemu/tests",
  volumes: [],
  env: [],
  network: undefined,
  command: ["make", "check"],
};
const home = ["--tmpfs=/home/berth:exec,mode=1777", "--env=HOME=/home/berth"];
const callers = ["--user=1000:100", "--security-opt=no-new-privileges", ...home];
const usual = [
  ...["run", "--rm", "--interactive", "--init"],
  "--platform=linux/amd64",
  ...callers,
  "--mount=type=bind,source=/src/qemu,target=/src/qemu",
  "--mount=type=bind,source=/src/qemu/.git,target=/src/qemu/.git,readonly",
  "--workdir=/src/qemu/tests",
  ...[reference, "make", "check"],
];

function args(change: Partial<ContainerRequest> = {}, tool: Partial<Tool> = {}): readonly string[] {
  const caller = { uid: 1000, gid: 100 };
  return containerArguments({ ...plain, ...change }, { ...docker, ...tool }, caller);
}

test("a command runs as the caller, in the work tree at its own path, in an image by digest", () =>
  assert.deepEqual(args(), usual));

type Words = readonly string[];
type Change = readonly [Partial<ContainerRequest>, Partial<Tool>, comes: Words, goes: Words];
const changes: Readonly<Record<string, Change>> = {
  "on a terminal": [{ terminal: true }, {}, ["--tty"], []],
  "with a name": [{ name: "berth-debian-1" }, {}, ["--name=berth-debian-1"], []],
  "without a first process of the tool": [{}, { init: false }, [], ["--init"]],
  "where users are remapped": [{}, { users: "remapped" }, ["--userns=host"], []],
  "in podman without root": [{}, { users: "kept" }, ["--userns=keep-id"], []],
  "in docker without root": [{}, { users: "rootless" }, ["--user=0:0"], ["--user=1000:100"]],
  "with SELinux": [{}, { labels: true }, ["--security-opt=label=disable"], []],
  "as the image's user": [{ user: "image" }, {}, [], callers],
  "with a HOME of the user's own": [{ env: ["HOME=/tmp"] }, {}, ["--env=HOME=/tmp"], home],
  "with variables": [{ env: ["A=b c", "TOKEN"] }, {}, ["--env=A=b c", "--env=TOKEN"], []],
  "with volumes": [{ volumes: ["/a:/b:ro"] }, {}, ["--volume=/a:/b:ro"], []],
  "with a network": [{ network: "none" }, {}, ["--network=none"], []],
  "with a repository beside the work tree": [
    { kept: ["/src/qemu/.git", "/src/main/.git"] },
    {},
    ["--mount=type=bind,source=/src/main/.git,target=/src/main/.git,readonly"],
    [],
  ],
  "in a folder with a comma and quotes": [
    { folders: ['/src/a,"b"'], workdir: '/src/a,"b"' },
    {},
    ['--mount=type=bind,"source=/src/a,""b""","target=/src/a,""b"""', '--workdir=/src/a,"b"'],
    ["--mount=type=bind,source=/src/qemu,target=/src/qemu", "--workdir=/src/qemu/tests"],
  ],
};
for (const [what, [request, tool, comes, goes]] of Object.entries(changes))
  test(`a command ${what}`, () => {
    const now = args(request, tool);
    const expected = [...usual.filter((word) => !goes.includes(word)), ...comes];
    assert.deepEqual([...now].sort(), expected.sort());
    assert.deepEqual(now.slice(-3), [reference, "make", "check"]);
  });

test("without a command it is bash where the image has it, and sh where it has not", () => {
  const [sh, flag, script] = args({ command: [] }).slice(-3);
  assert.deepEqual([sh, flag], ["sh", "-c"]);
  const ask = (path: string) =>
    spawnSync("/bin/sh", ["-c", script ?? ""], { env: { PATH: path }, input: "echo $0" });
  assert.equal(ask("/usr/bin:/bin").stdout.toString().trim(), "bash");
  assert.match(ask("/nowhere").stderr.toString(), /exec: sh: not found/);
});

test("a printed line is read back by a shell as the same words", () => {
  const words = ["a", "b c", "it's", "", "$HOME", "*", "a=b,c:d@e/f", '"', "new\nline", "~", "-x"];
  const script = `printf '%s\\0' ${shellLine(words)}`;
  const read = execFileSync("/bin/sh", ["-c", script]).toString().split("\0").slice(0, -1);
  assert.deepEqual(read, words);
  assert.equal(shellLine(["docker", "run", "--env=A=b"]), "docker run --env=A=b");
});

test("a container's name is one that docker and podman take", () =>
  assert.equal(containerName("qemu/debian:13 x", "1a2b"), "berth-qemu-debian-13-x-1a2b"));

test("of a repository a container has the work tree, and git's own files to read alone unless asked", async () => {
  const [root, main] = ["/src/qemu", "/src/main/.git"];
  const table = [
    ["directory", "", [root], [`${root}/.git`], [root]],
    // A worktree of another clone, and a submodule.
    ["file", `${main}\n`, [root], [`${root}/.git`, main], [root, main]],
    ["file", `${root}/modules/a\n`, [root], [`${root}/.git`, `${root}/modules/a`], [root]],
    [undefined, "/git/qemu\n", [root], ["/git/qemu"], [root, "/git/qemu"]],
  ] as const;
  for (const [kind, common, folders, kept, writable] of table) {
    const git = { root, run: async () => Buffer.from(common) } as unknown as Git;
    const entry = async (path: string) =>
      path === `${root}/.git` && kind ? { kind, executable: true, size: 0 } : undefined;
    assert.deepEqual(await foldersOf(git, { entry }, false), { folders, kept });
    assert.deepEqual(await foldersOf(git, { entry }, true), { folders: writable, kept: [] });
  }
});
