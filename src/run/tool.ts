/** Which program runs containers here, and what it has to be told. */
import { daemonError, daemonIsAway, dockerLine } from "../build/docker-failure.ts";
import { neverEnded } from "../build/failure.ts";
import { BerthError } from "../errors.ts";
import type { Env, Files, Run, RunResult } from "../world.ts";

export type ToolName = "docker" | "podman";

export interface Tool {
  /** Whose words it speaks; `docker` may be podman under another name. */
  readonly name: ToolName;
  readonly command: ToolName;
  /** How users in a container are those of this machine; see `containerArguments`. */
  readonly users: "same" | "remapped" | "kept" | "rootless";
  /** Whether it can put a small first process before the command, which then ends by the usual signals. */
  readonly init: boolean;
  /** Whether SELinux may stand between a container and the work tree. */
  readonly labels: boolean;
}

/** The program that was found, whether or not it can be used now. */
export interface DetectedTool {
  readonly tool: Tool;
  /** Why it cannot run anything now; the tool is then what it usually is. */
  readonly trouble: BerthError | undefined;
}

interface Ports {
  readonly run: Run;
  readonly files: Pick<Files, "entry">;
  readonly env: Env;
  /** Whether berth runs as root. */
  readonly root: boolean;
}

/** Finds the program that was asked for, or else docker where it is installed and podman where that is. */
export async function detectTool(asked: ToolName | undefined, ports: Ports): Promise<DetectedTool> {
  const candidates: readonly ToolName[] = asked === undefined ? ["docker", "podman"] : [asked];
  for (const command of candidates) {
    const version = await ports.run(command, ["--version"]);
    if (version.missing) continue;
    return /podman/i.test(version.stdout) ? detectPodman(command, ports) : detectDocker(ports);
  }
  const none = asked === undefined ? "neither docker nor podman is" : `${asked} is not`;
  throw new BerthError(
    "ENGINE_MISSING",
    `look for a program that runs containers: ${none} installed`,
    { hint: `install one: apt-get install ${candidates.map(packageOf).join(", or ")}` },
  );
}

function packageOf(name: ToolName): string {
  return name === "docker" ? "docker.io" : name;
}

async function detectDocker({ run, env }: Ports): Promise<DetectedTool> {
  const format = "{{json .SecurityOptions}} {{.InitCommit.ID}}";
  const answer = await run("docker", ["info", `--format=${format}`], { timeoutMs: 15_000 });
  // Newer clients tell what they know themselves, and end well where no daemon answers.
  const answers = answer.exitCode === 0 && !daemonIsAway(answer.stderr);
  const facts = answers ? answer.stdout.trim() : "[]";
  const has = (option: string): boolean => new RegExp(`"name=${option}[",]`).test(facts);
  const users = has("rootless") ? "rootless" : has("userns") ? "remapped" : "same";
  return {
    tool: {
      name: "docker",
      command: "docker",
      users,
      init: !/\sN\/A$/.test(facts),
      labels: has("selinux"),
    },
    trouble: answers ? undefined : daemonTrouble(answer, env["DOCKER_HOST"]),
  };
}

function daemonTrouble(answer: RunResult, host: string | undefined): BerthError {
  if (answer.timedOut) return daemonError("no answer", host);
  const docker = { program: "docker", get: "install docker.io" };
  const stopped = neverEnded(answer, "look for docker", docker);
  return stopped ?? daemonError(dockerLine(answer), host);
}

/** Where distributions put the first process that `podman run --init` wants. */
const podmanInits = [
  "/usr/libexec/podman/catatonit",
  "/usr/lib/podman/catatonit",
  "/usr/local/libexec/podman/catatonit",
  "/usr/local/lib/podman/catatonit",
  "/usr/bin/catatonit",
];

async function detectPodman(command: ToolName, { files, root }: Ports): Promise<DetectedTool> {
  const inits = await Promise.all(podmanInits.map((path) => files.entry(path)));
  const init = inits.some((entry) => entry !== undefined);
  return {
    tool: { name: "podman", command, users: root ? "same" : "kept", init, labels: true },
    trouble: undefined,
  };
}
