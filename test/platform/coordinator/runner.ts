/** GitLab Runner itself with the docker executor, or with berth as a custom one, its images in a daemon of ours. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { succeed } from "../../support/command.ts";
import type { Dockerd } from "../../support/dockerd.ts";
import { program } from "../../support/programs.ts";
import { startService } from "../../support/services.ts";

const top = join(import.meta.dirname, "../../..");

/** What the runner itself would pull; it looks for it in the daemon first (gitlab-runner: executors/docker/internal/prebuilt). */
export const helper =
  "registry.gitlab.com/gitlab-org/gitlab-runner/gitlab-runner-helper:x86_64-v19.4.0";

/** One of the runners that the program serves. */
export interface RunnerSettings {
  readonly token: string;
  readonly executor: Executor;
}

export type Executor =
  /** Lines of the section `[runners.docker]`, such as `security_opt = ["seccomp=unconfined"]`. */
  | { readonly docker: readonly string[]; readonly daemon?: Dockerd }
  /** Flags of `berth executor install`. */
  | { readonly berth: readonly string[] };

export interface RunnerOptions {
  /** Of GitLab. */
  readonly url: string;
  readonly runners: readonly RunnerSettings[];
  readonly dockerd: Dockerd;
  readonly folder: string;
  /** A folder that all jobs see under the same path. */
  readonly shared: string;
  /** Of berth where it is the executor: the sources, or a bundle. */
  readonly entry: string;
}

export interface Runner {
  /** Starts it again after it has gone. */
  start(): Promise<void>;
  /** Lets it go: told to stop it gives up its jobs and says so, killed it does nothing more. */
  go(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  stop(): Promise<void>;
}

/** Builds the runner where that was not done yet, which takes minutes, and starts it. */
export async function startRunner(options: RunnerOptions): Promise<Runner> {
  const { runners, dockerd, folder } = options;
  const script = join(top, "scripts/platform.sh");
  const programs = (await promisify(execFile)(script)).stdout.trim();
  const gitlabRunner = join(programs, "gitlab-runner");
  await mkdir(folder);
  const daemons = runners.map(
    ({ executor }) => ("docker" in executor && executor.daemon) || dockerd,
  );
  await importHelper(new Set([dockerd, ...daemons]), folder, gitlabRunner);
  const config = join(folder, "config.toml");
  // For jobs of berth's, Debian's own docker before any other.
  const folders = [await layBerth(options), programs, dirname(program("docker"))];
  const path = [...folders, process.env["PATH"]].join(":");
  const env = [`DOCKER_HOST=${dockerd.host}`, `PATH=${path}`];
  const sections = await Promise.all(runners.map((runner) => sectionOf(runner, env, options)));
  // Four jobs at one time or more, while each of the runners holds a request for its next one.
  const concurrent = 4 + runners.length;
  const text = `concurrent = ${concurrent}\ncheck_interval = 1\n${sections.join("")}`;
  await writeFile(config, text);
  const args = [...env, gitlabRunner, "run", "--config", config, "--working-directory", folder];
  const log = join(folder, "log");
  const start = () => startService("env", args, log, async () => true);
  let service = await start();
  return {
    async start() {
      service = await start();
    },
    async go(signal) {
      process.kill(service.pid, signal);
      await service.ended;
    },
    stop: () => service.stop(),
  };
}

const quoted = JSON.stringify;

async function sectionOf(
  { token, executor }: RunnerSettings,
  env: readonly string[],
  options: RunnerOptions,
): Promise<string> {
  const lines =
    "docker" in executor
      ? dockerLines(executor.docker, { ...options, dockerd: executor.daemon ?? options.dockerd })
      : await berthLines(executor.berth, env);
  return `[[runners]]
name = ${quoted(token)}
url = ${quoted(options.url)}
token = ${quoted(token)}
request_concurrency = 4
${lines}
`;
}

function dockerLines(more: readonly string[], options: RunnerOptions): string {
  const { dockerd, folder, shared } = options;
  // The first is a volume of each job's own; the runner expands no variable on this side of a bind mount.
  const volumes = ["/var/lib/containers", `${folder}/cache:/cache`, `${shared}:${shared}`];
  return `executor = "docker"
[runners.docker]
host = ${quoted(dockerd.host)}
image = "image-of-the-runner"
pull_policy = ["always"]
network_mode = ${quoted(dockerd.network)}
disable_cache = true
volumes = ${quoted(volumes)}
${more.join("\n")}`;
}

/** Gives a folder with the command `berth`, as a host would have it. */
async function layBerth({ folder, entry }: RunnerOptions): Promise<string> {
  const bin = join(folder, "bin");
  const command = [process.execPath, entry].map((word) => `'${word}'`).join(" ");
  await mkdir(bin);
  await writeFile(join(bin, "berth"), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  return bin;
}

/** As berth itself prints them. */
function berthLines(flags: readonly string[], env: readonly string[]): Promise<string> {
  return succeed("env", [...env, "berth", "executor", "install", ...flags]);
}

async function importHelper(
  daemons: Iterable<Dockerd>,
  folder: string,
  runner: string,
): Promise<void> {
  const root = join(folder, "helper");
  const tar = join(folder, "helper.tar");
  await succeed(join(import.meta.dirname, "helper-root.sh"), [root, runner]);
  await succeed("tar", ["-C", root, "-cf", tar, "."]);
  for (const { docker } of daemons)
    await docker("import", "--change=ENV PATH=/usr/bin", tar, helper);
}
