/** GitLab Runner itself with the docker executor, its images in a daemon of ours. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { succeed } from "../../support/command.ts";
import type { Dockerd } from "../../support/dockerd.ts";
import { type Service, startService } from "../../support/services.ts";

/** What the runner itself would pull; it looks for it in the daemon first (gitlab-runner: executors/docker/internal/prebuilt). */
const helper = "registry.gitlab.com/gitlab-org/gitlab-runner/gitlab-runner-helper:x86_64-v19.4.0";

export interface RunnerOptions {
  /** Of GitLab. */
  readonly url: string;
  readonly token: string;
  readonly dockerd: Dockerd;
  readonly folder: string;
  /** A folder that all jobs see under the same path. */
  readonly shared: string;
}

/** Builds the runner where that was not done yet, which takes minutes, and starts it. */
export async function startRunner(options: RunnerOptions): Promise<Service> {
  const { url, token, dockerd, folder, shared } = options;
  const script = join(import.meta.dirname, "../../../scripts/platform.sh");
  const programs = (await promisify(execFile)(script)).stdout.trim();
  const program = join(programs, "gitlab-runner");
  await mkdir(folder);
  await importHelper(dockerd, folder, program);
  const config = join(folder, "config.toml");
  const text = `concurrent = 4
check_interval = 1
shutdown_timeout = 5
[[runners]]
name = "berth"
url = ${JSON.stringify(url)}
token = ${JSON.stringify(token)}
executor = "docker"
request_concurrency = 4
[runners.docker]
host = ${JSON.stringify(dockerd.host)}
image = "image-of-the-runner"
pull_policy = ["always"]
network_mode = "host"
disable_cache = true
volumes = ${JSON.stringify(["/var/lib/containers", `${shared}:${shared}`])}
`;
  await writeFile(config, text);
  const args = ["run", "--config", config, "--working-directory", folder];
  const log = join(folder, "log");
  return startService(program, args, log, async () => true);
}

async function importHelper(dockerd: Dockerd, folder: string, runner: string): Promise<void> {
  const root = join(folder, "helper");
  const tar = join(folder, "helper.tar");
  await succeed(join(import.meta.dirname, "helper-root.sh"), [root, runner]);
  await succeed("tar", ["-C", root, "-cf", tar, "."]);
  await dockerd.docker("import", "--change=ENV PATH=/usr/bin", tar, helper);
}
