import assert from "node:assert/strict";
import { test } from "node:test";
import { detectTool, type Tool, type ToolName } from "../../src/run/tool.ts";
import type { FileEntry, Run, RunResult } from "../../src/world.ts";
import { ended } from "../support/processes.ts";

const missing = ended({ exitCode: undefined, missing: true });

interface Machine {
  /** What `docker --version` and `podman --version` print, where they are installed. */
  readonly docker?: string;
  readonly podman?: string;
  /** What `docker info` answers. */
  readonly info?: RunResult;
  readonly root?: boolean;
  readonly files?: readonly string[];
}

const info = (stdout: string): RunResult => ended({ stdout: `${stdout}\n` });
const dockerVersion = "Docker version 28.2.2, build e6534b4";
const podmanVersion = "podman version 5.4.2";

function meet(asked: ToolName | undefined, machine: Machine) {
  const run: Run = async (command, args) => {
    const version = machine[command as ToolName];
    if (version === undefined) return missing;
    return args[0] === "--version" ? ended({ stdout: version }) : (machine.info ?? info("[] "));
  };
  const file: FileEntry = { kind: "file", executable: true, size: 1 };
  const entry = async (path: string) => (machine.files?.includes(path) ? file : undefined);
  return detectTool(asked, { run, files: { entry }, env: {}, root: machine.root ?? false });
}

type Case = readonly [machine: Machine, tool: Partial<Tool>, asked?: ToolName];
const cases: Readonly<Record<string, Case>> = {
  "docker as Debian packs it": [
    { docker: dockerVersion, info: info('["name=seccomp,profile=builtin"] ') },
    { name: "docker", users: "same", init: true, labels: false },
  ],
  "docker before podman": [{ docker: dockerVersion, podman: podmanVersion }, { command: "docker" }],
  "podman where it is asked for": [
    { docker: dockerVersion, podman: podmanVersion },
    { command: "podman", users: "kept", init: false, labels: true },
    "podman",
  ],
  "docker without its first process": [
    { docker: dockerVersion, info: info('["name=seccomp,profile=builtin","name=cgroupns"] N/A') },
    { init: false },
  ],
  "docker without root": [
    {
      docker: dockerVersion,
      info: info('["name=seccomp,profile=builtin","name=rootless"] de40ad0'),
    },
    { users: "rootless", init: true },
  ],
  "docker whose users are remapped, with SELinux": [
    { docker: dockerVersion, info: info('["name=selinux","name=userns"] de40ad0') },
    { users: "remapped", labels: true },
  ],
  "podman that calls itself docker": [
    { docker: podmanVersion, files: ["/usr/bin/catatonit"] },
    { name: "podman", command: "docker", users: "kept", init: true },
  ],
  "podman as root": [
    { podman: podmanVersion, root: true },
    { command: "podman", users: "same" },
  ],
};
for (const [what, [machine, expected, asked]] of Object.entries(cases))
  test(`meets ${what}`, async () => {
    const { tool, trouble } = await meet(asked, machine);
    assert.equal(trouble, undefined);
    assert.deepEqual({ ...tool, ...expected }, tool);
  });

test("a daemon that is away is a trouble only for who wants to run something", async () => {
  const stderr =
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";
  for (const answer of [
    ended({ exitCode: 1, stderr }),
    ended({ exitCode: 0, stdout: "null \n", stderr }),
    ended({ exitCode: undefined, timedOut: true }),
  ]) {
    const { tool, trouble } = await meet(undefined, { docker: dockerVersion, info: answer });
    assert.equal(tool.users, "same");
    assert.equal(trouble?.code, "ENGINE_UNAVAILABLE");
  }
});

test("a machine without docker and podman is told what to install", async () => {
  await assert.rejects(meet(undefined, {}), {
    code: "ENGINE_MISSING",
    message: /neither docker nor podman is installed$/,
    hint: /docker\.io, or podman$/,
  });
  await assert.rejects(meet("podman", { docker: dockerVersion }), { message: /: podman is not/ });
});
