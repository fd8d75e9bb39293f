/** Where whole pipelines run: registries, a Docker daemon, the tool image, and gitlab-ci-local in GitLab's stead. */
import assert from "node:assert/strict";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { stringify } from "yaml";
import { pushBusybox } from "../support/bases.ts";
import {
  type Ended,
  type Env,
  ended,
  plainEnv,
  startProgram,
  succeed,
} from "../support/command.ts";
import { type DockerRegistry, startDockerRegistry } from "../support/docker-registry.ts";
import { type Dockerd, startDockerd } from "../support/dockerd.ts";
import { program } from "../support/programs.ts";
import { temporaryFolder } from "../support/services.ts";
import { testPassword, testUser } from "../support/token-service.ts";
import { toolImage } from "../support/tool-image.ts";
import { pushHelper } from "./helper-image.ts";

const top = join(import.meta.dirname, "../..");
const server = "https://gitlab.example.com";

/** The version of the component that the examples include. */
const componentVersion = "0.1.0";

export interface Platform {
  readonly folder: string;
  /** The project's registry, with tokens as GitLab gives them. */
  readonly registry: DockerRegistry;
  /** Stands for docker.io. */
  readonly bases: DockerRegistry;
  readonly dockerd: Dockerd;
  /** The image that files are copied with. */
  readonly helper: string;
  readonly env: Env;
  /** The digest of a tag of one of a project's images. */
  digest(project: Pick<Consumer, "project">, image: string, tag: string): Promise<string>;
  /** All repositories of the project's registry below a path, but for those that were only asked about. */
  repositories(below: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** Starts all of it; the tool image is built from the Dockerfile where that has not been done before. */
export async function openPlatform(): Promise<Platform> {
  const { path: folder, remove } = await temporaryFolder("berth-component-");
  const ends: (() => Promise<void>)[] = [remove];
  const stop = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const bases = await startDockerRegistry();
    ends.push(bases.stop);
    const registry = await startDockerRegistry({ auth: "token" });
    ends.push(registry.stop);
    // The machine's own: containers of a daemon that is in a root of its own may not make user namespaces.
    const dockerd = await startDockerd([bases.host, registry.host]);
    ends.push(dockerd.stop);
    for (const name of ["debian:13-slim", "alpine:3.23", "fedora:43"]) {
      const [repository = "", tag = ""] = name.split(":");
      await pushBusybox(bases.host, `library/${repository}`, tag);
    }
    const env = await userEnv(folder, registry, dockerd);
    const tool = `${registry.host}/berth-ci/berth/tool:${componentVersion}`;
    // What pushes it reads logins where this process says.
    process.env["REGISTRY_AUTH_FILE"] = join(env["DOCKER_CONFIG"] ?? "", "config.json");
    await (await toolImage()).push(tool);
    const helper = await pushHelper(dockerd, bases.host);
    await componentRepository(folder, env);
    const digest: Platform["digest"] = async ({ project }, image, tag) => {
      const name = `docker://${registry.host}/${project}/qemu/${image}:${tag}`;
      const flags = ["inspect", "--tls-verify=false", "--format={{.Digest}}", name];
      return (
        await succeed(program("skopeo"), flags, {
          cwd: folder,
          env: { ...env, REGISTRY_AUTH_FILE: join(env["DOCKER_CONFIG"] ?? "", "config.json") },
        })
      ).trim();
    };
    const repositories = async (below: string) => {
      const pushed = registry.log().flatMap((line) => {
        const name = /^(?:PUT|POST|PATCH) \/v2\/(.+?)\/(?:manifests|blobs)\//.exec(line)?.[1];
        return name?.startsWith(below) ? [name] : [];
      });
      return [...new Set(pushed)];
    };
    return { folder, registry, bases, dockerd, helper, env, digest, repositories, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A user's environment: git finds the component here, docker has the registry's login. */
async function userEnv(folder: string, { host }: DockerRegistry, dockerd: Dockerd): Promise<Env> {
  const auth = Buffer.from(`${testUser}:${testPassword}`).toString("base64");
  const config = join(folder, "docker");
  await mkdir(config);
  await writeFile(join(config, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
  return plainEnv({
    PATH: `${dirname(program("docker"))}:${process.env["PATH"] ?? ""}`,
    HOME: folder,
    DOCKER_HOST: dockerd.host,
    DOCKER_CONFIG: config,
    GIT_AUTHOR_NAME: "A",
    GIT_AUTHOR_EMAIL: "a@example.com",
    GIT_COMMITTER_NAME: "A",
    GIT_COMMITTER_EMAIL: "a@example.com",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `url.file://${join(folder, "component")}.insteadOf`,
    GIT_CONFIG_VALUE_0: `${server}:443/berth-ci/berth.git`,
  });
}

/** The component's project with the templates of this checkout, released. */
async function componentRepository(folder: string, env: Env): Promise<void> {
  const path = join(folder, "component");
  await cp(join(top, "templates"), join(path, "templates"), { recursive: true });
  const git = (...args: readonly string[]) => succeed("git", args, { cwd: path, env });
  await git("init", "--quiet", "--initial-branch=main");
  await git("add", "--all");
  await git("commit", "--quiet", "--message=component");
  await git("tag", componentVersion);
}

export interface Consumer {
  readonly path: string;
  /** The project's path in GitLab. */
  readonly project: string;
  git(...args: readonly string[]): Promise<string>;
  write(file: string, text: string): Promise<void>;
  commit(): Promise<void>;
  /** Runs the pipeline of the branch that is checked out, with variables as a push option gives them. */
  pipeline(variables?: Env, flags?: readonly string[]): Promise<Pipeline>;
}

export interface Pipeline extends Ended {
  /** What each job printed, by its name; those of the child pipeline too. */
  readonly jobs: Readonly<Record<string, string>>;
}

/** A copy of an example below component/, as a project of that path whose bases come from this platform. */
export async function consumer(
  platform: Platform,
  example: string,
  project: string,
): Promise<Consumer> {
  const path = join(platform.folder, "projects", project);
  await cp(join(top, "component", example), path, { recursive: true });
  const git = async (...args: readonly string[]): Promise<string> =>
    (await succeed("git", args, { cwd: path, env: platform.env })).trim();
  // gitlab-ci-local fetches several templates of one project at once, and sometimes trips over itself.
  const fetched = `includes/gitlab.example.com/berth-ci/berth/${componentVersion}/templates`;
  await cp(join(top, "templates"), join(path, ".gitlab-ci-local", fetched), { recursive: true });
  await git("init", "--quiet", "--initial-branch=main");
  await git("remote", "add", "origin", `${server}/${project}.git`);
  await git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main");
  await writeFile(join(path, ".gitignore"), ".gitlab-ci-local/\n");
  const files = (await git("ls-files", "--others", "--exclude-standard")).split("\n");
  for (const file of files.filter((name) => name.endsWith(".docker"))) {
    const text = await readFile(join(path, file), "utf8");
    await writeFile(join(path, file), text.replace("docker.io", platform.bases.host));
  }
  // gitlab-ci-local ignores `needs: pipeline`; what its child pipelines do see is a file that git tracks.
  const trackPlan = async () => {
    // Known to the index alone: a commit that has files there is refused.
    await git("rm", "--quiet", "--cached", "--force", "--ignore-unmatch", ".berth/plan.json");
    await write(".berth/plan.json", "");
    await git("add", "--force", "--intent-to-add", ".berth/plan.json");
  };
  const commit = async () => {
    await git("add", "--all");
    if (example !== "single") await trackPlan();
    await git("commit", "--quiet", "--allow-empty", "--message=change");
  };
  const write = async (file: string, text: string) => {
    await mkdir(dirname(join(path, file)), { recursive: true });
    await writeFile(join(path, file), text);
  };
  const self: Consumer = {
    path,
    project,
    git,
    write,
    commit,
    pipeline: (variables = {}, flags = []) => runPipeline(platform, self, variables, flags),
  };
  await commit();
  return self;
}

let pipelines = 1000;

async function runPipeline(
  { folder, registry, helper, env }: Platform,
  { path, project, git }: Consumer,
  variables: Env,
  flags: readonly string[],
): Promise<Pipeline> {
  const branch = await git("branch", "--show-current");
  const given = { ...jobVariables(registry, project, branch), ...variables };
  const home = join(folder, "homes", project);
  await mkdir(join(home, ".gitlab-ci-local"), { recursive: true });
  await writeFile(join(home, ".gitlab-ci-local/variables.yml"), stringify({ global: given }));
  const args = [
    join(top, "node_modules/gitlab-ci-local/dist/index.js"),
    `--home=${home}`,
    `--helper-image=${helper}`,
    "--network=host",
    "--pull-policy=always",
    "--concurrency=2",
    `--ignore-predefined-vars=${Object.keys(given).join(",")},CI_PIPELINE_SOURCE`,
    ...flags,
  ];
  const result = await ended(startProgram(process.execPath, args, { cwd: path, env }));
  return { ...result, jobs: jobsOf(result.stdout) };
}

/** What GitLab sets for every job and gitlab-ci-local does not, or not so. */
function jobVariables({ host, tokenService }: DockerRegistry, project: string, branch: string) {
  const [namespace = "", name = ""] = project.split("/");
  return {
    GITLAB_CI: "true",
    CI_SERVER_URL: new URL(tokenService?.realm ?? "").origin,
    CI_REGISTRY: host,
    CI_REGISTRY_IMAGE: `${host}/${project}`,
    CI_REGISTRY_USER: testUser,
    CI_REGISTRY_PASSWORD: testPassword,
    CI_PROJECT_PATH: project,
    CI_PROJECT_NAMESPACE: namespace,
    CI_PROJECT_NAME: name,
    CI_COMMIT_BRANCH: branch,
    CI_DEFAULT_BRANCH: "main",
    CI_PIPELINE_ID: String(++pipelines),
    // The registry is on the host's loopback, and so is the network of a build.
    BERTH_BUILD_NETWORK: "host",
    QEMU_CI_BUILD_NETWORK: "host",
  };
}

/** Gives a pipeline that passed; anything else is a failure with the last of what it said. */
export function passed(pipeline: Pipeline): Pipeline {
  // What gitlab-ci-local says of a failed child is no more than a line, so that is looked for too.
  const failed = /^ FAIL .*$/m.exec(pipeline.stdout);
  assert.equal(
    pipeline.code === 0 && failed === null,
    true,
    `${pipeline.stdout.slice(-3000)}\n${pipeline.stderr.slice(-3000)}`,
  );
  return pipeline;
}

/** Lines by the job that they begin with; the tool pads names, and marks those of a child with an arrow. */
function jobsOf(output: string): Readonly<Record<string, string>> {
  const jobs: Record<string, string> = {};
  const plain = stripVTControlCharacters(output);
  for (const line of plain.split("\n")) {
    const found = /^(?:\s*\[[^\]]+\] -> )?([\w .-]*?\S)\s+> (.*)$/.exec(line);
    const [, name, text] = found ?? [];
    if (name !== undefined) jobs[name] = `${jobs[name] ?? ""}${text}\n`;
  }
  return jobs;
}
