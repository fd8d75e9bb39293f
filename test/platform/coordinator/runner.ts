/** GitLab Runner itself with the docker executor, its images in a daemon of ours. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { succeed } from "../../support/command.ts";
import type { Dockerd } from "../../support/dockerd.ts";
import { startService } from "../../support/services.ts";

/** What the runner itself would pull; it looks for it in the daemon first (gitlab-runner: executors/docker/internal/prebuilt). */
const helper = "registry.gitlab.com/gitlab-org/gitlab-runner/gitlab-runner-helper:x86_64-v19.4.0";

/** One of the runners that the program serves. */
export interface RunnerSettings {
  readonly token: string;
  /** Lines of its section `[runners.docker]`, such as `security_opt = ["seccomp=unconfined"]`. */
  readonly docker: readonly string[];
}

export interface RunnerOptions {
  /** Of GitLab. */
  readonly url: string;
  readonly runners: readonly RunnerSettings[];
  readonly dockerd: Dockerd;
  readonly folder: string;
  /** A folder that all jobs see under the same path. */
  readonly shared: string;
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
  const script = join(import.meta.dirname, "../../../scripts/platform.sh");
  const programs = (await promisify(execFile)(script)).stdout.trim();
  const program = join(programs, "gitlab-runner");
  await mkdir(folder);
  await importHelper(dockerd, folder, program);
  const config = join(folder, "config.toml");
  const sections = runners.map((runner) => sectionOf(runner, options));
  const text = `concurrent = 4\ncheck_interval = 1\n${sections.join("")}`;
  await writeFile(config, text);
  const args = ["run", "--config", config, "--working-directory", folder];
  const log = join(folder, "log");
  const start = () => startService(program, args, log, async () => true);
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

function sectionOf({ token, docker }: RunnerSettings, options: RunnerOptions): string {
  const { url, dockerd, folder, shared } = options;
  const quoted = JSON.stringify;
  // Folders of each job's own, as fresh as Docker's volumes: for each of those the runner starts a container first.
  const volumes = ["/builds", "/var/lib/containers"].map(
    (path) => `${folder}/volumes/$CI_JOB_ID${path}:${path}`,
  );
  return `[[runners]]
name = ${quoted(token)}
url = ${quoted(url)}
token = ${quoted(token)}
executor = "docker"
request_concurrency = 4
[runners.docker]
host = ${quoted(dockerd.host)}
image = "image-of-the-runner"
pull_policy = ["always"]
network_mode = "host"
disable_cache = true
volumes = ${quoted([...volumes, `${shared}:${shared}`])}
${docker.join("\n")}
`;
}

async function importHelper(dockerd: Dockerd, folder: string, runner: string): Promise<void> {
  const root = join(folder, "helper");
  const tar = join(folder, "helper.tar");
  await succeed(join(import.meta.dirname, "helper-root.sh"), [root, runner]);
  await succeed("tar", ["-C", root, "-cf", tar, "."]);
  await dockerd.docker("import", "--change=ENV PATH=/usr/bin", tar, helper);
}
