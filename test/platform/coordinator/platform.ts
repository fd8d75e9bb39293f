/** A whole GitLab for pipelines of berth: coordinator, runner, daemon, registries, the component and its image. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Actor, newProject } from "../../lives/actor.ts";
import { pushBusybox } from "../../support/bases.ts";
import { entry, gitEnv, plainEnv, succeed } from "../../support/command.ts";
import { type DockerRegistry, startDockerRegistry } from "../../support/docker-registry.ts";
import { type Dockerd, startDockerd } from "../../support/dockerd.ts";
import { filesBelow } from "../../support/folders.ts";
import type { ProjectSettings } from "../../support/gitlab-model.ts";
import { opened } from "../../support/services.ts";
import { toolImages } from "../../support/tool-image.ts";
import { type Coordinator, startCoordinator } from "./coordinator.ts";
import { type Executor, type Runner, startRunner } from "./runner.ts";

const top = join(import.meta.dirname, "../../..");

/** The version of the component that the examples include. */
const componentVersion = "0.1.0";

export interface Platform extends Coordinator {
  /** Stands for docker.io. */
  readonly bases: DockerRegistry;
  /** A folder that all jobs see under the same path. */
  readonly shared: string;
  readonly runner: Runner;
  /** In which the jobs run. */
  readonly dockerd: Dockerd;
}

/** What users must set where Docker's own filter of system calls is on (docs/runners.md). */
export const unconfined = ['security_opt = ["seccomp=unconfined"]'];

/** More runners, by their tags. */
type More = Readonly<Record<string, Executor>>;

/** Starts all of it; `berth` is the entry of the executor's command line. */
export const openPlatform = (more: More = {}, berth = entry): Promise<Platform> =>
  opened("berth-platform-", async (folder, ends) => {
    // The registry is on the host's loopback, and so is the network of a build.
    const networks = ["BERTH_BUILD_NETWORK", "QEMU_CI_BUILD_NETWORK"].map((key) => ({
      key,
      value: "host",
    }));
    const secret = { key: "FOR_PROTECTED", value: "told", isProtected: true };
    const tagged = Object.keys(more).map((tag) => [`glrt-${tag}`, [tag]] as const);
    const runners = new Map<string, readonly string[]>([["glrt-untagged", []], ...tagged]);
    const coordinator = await startCoordinator({
      folder,
      env: plainEnv(gitEnv),
      projectVariables: [...networks, secret],
      runners,
    });
    const { gitlab } = coordinator;
    ends.push(coordinator.stop);
    const bases = await startDockerRegistry();
    ends.push(bases.stop);
    // Last of all flags: with the filter of system calls that Docker has by itself.
    const hosts = [bases.host, gitlab.registry.host];
    const dockerd = await startDockerd(hosts, { flags: ["--seccomp-profile="] });
    ends.push(dockerd.stop);
    const shared = join(folder, "shared");
    await mkdir(shared);
    const runner = await startRunner({
      url: gitlab.url,
      runners: [...runners].map(([token, [tag = ""]]) => {
        return { token, executor: more[tag] ?? { docker: unconfined } };
      }),
      dockerd,
      folder: join(folder, "runner"),
      shared,
      entry: berth,
    });
    ends.push(runner.stop);
    return { ...coordinator, bases, shared, runner, dockerd };
  });

/** The same with the component of this checkout in it. */
export async function openReleased(more?: More): Promise<Platform> {
  const platform = await openPlatform(more);
  try {
    await releaseComponent(platform);
    return platform;
  } catch (error) {
    await platform.stop();
    throw error;
  }
}

/** Releases the component of this checkout, and its images, in the project `berth-ci/berth`. */
async function releaseComponent({ ground, gitlab, bases }: Platform): Promise<void> {
  const members = { bea: "maintainer" } as const;
  const actor = await newProject(ground, "berth-ci/berth", { members });
  const files = filesBelow(join(top, "templates"));
  const placed = Object.entries(files).map(([path, text]) => [`templates/${path}`, text]);
  const sha = await actor.commit("main", Object.fromEntries(placed));
  await succeed("git", ["-C", actor.bare, "tag", componentVersion, sha], { env: ground.env });
  for (const name of ["debian:13-slim", "alpine:3.23", "fedora:43"]) {
    const [repository = "", tag = ""] = name.split(":");
    await pushBusybox(bases.host, `library/${repository}`, tag);
  }
  const login = `bea:${gitlab.token("bea", "write_registry")}`;
  for (const [name, image] of await toolImages())
    await image.push(`${gitlab.registry.host}/berth-ci/berth/${name}:${componentVersion}`, login);
}

/** A project with the files of an example below component/, whose bases come from this platform. */
export async function exampleProject(
  { ground, bases }: Platform,
  example: string,
  path: string,
  settings: ProjectSettings,
): Promise<Actor> {
  const actor = await newProject(ground, path, settings);
  const files = filesBelow(join(top, "component", example));
  const rebased = Object.entries(files).map(([name, text]) => [
    name,
    text.replaceAll("docker.io", bases.host),
  ]);
  await actor.commit(actor.project.defaultBranch, Object.fromEntries(rebased));
  return actor;
}

/** A Dockerfile whose image says a word, which the jobs of the example `single` print. */
export function saying({ bases }: Platform, word: string, base = "debian:13-slim"): string {
  return `FROM ${bases.host}/library/${base}\nRUN echo "${word}" > /etc/ci-image\n`;
}
