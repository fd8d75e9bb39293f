/** What the tests of the tool images share: a registry with a base, a daemon that has the images, a small project. */
import { spawn } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pushBusybox } from "../support/bases.ts";
import { type Ended, ended, gitEnv, plainEnv, succeed } from "../support/command.ts";
import { type DockerRegistry, startDockerRegistry } from "../support/docker-registry.ts";
import { startDockerd } from "../support/dockerd.ts";
import { program } from "../support/programs.ts";
import { opened } from "../support/services.ts";
import { toolImages } from "../support/tool-image.ts";

export interface Stage {
  readonly folder: string;
  readonly registry: DockerRegistry;
  /** The path of the daemon's socket. */
  readonly socket: string;
  /** A git repository with one image, mounted in every container as its working folder. */
  readonly project: string;
  /** The names of the tool images. */
  readonly images: readonly string[];
  /** `docker run FLAGS IMAGE ARGS`, with what is to be read from standard input. */
  run(image: string, args: readonly string[], more?: RunOptions): Promise<Ended>;
  stop(): Promise<void>;
}

export interface RunOptions {
  readonly flags?: readonly string[];
  readonly input?: string;
}

/** Opens a stage on the machine's own Docker, whose containers may make user namespaces if nothing forbids it. */
export const openStage = (): Promise<Stage> =>
  opened("berth-container-", async (folder, ends) => {
    const registry = await startDockerRegistry();
    ends.push(registry.stop);
    await pushBusybox(registry.host);
    const daemon = await startDockerd();
    ends.push(daemon.stop);
    const images = await toolImages();
    const at = (name: string) => `${registry.host}/berth/${name}:test`;
    for (const [name, image] of images) {
      await image.push(at(name));
      await daemon.docker("pull", "--quiet", at(name));
    }
    const project = await smallProject(folder, registry.host);
    const client = ["--config", join(folder, "client"), "--host", daemon.host];
    const always = ["--rm", "--interactive", "--network=host", `--volume=${project}:/project`];
    return {
      registry,
      socket: daemon.host.replace("unix://", ""),
      project,
      images: [...images.keys()],
      run: (
        image: string,
        args: readonly string[],
        { flags = [], input = "" }: RunOptions = {},
      ) => {
        const words = ["--workdir=/project", ...flags, at(image), ...args];
        const all = [...client, "run", ...always, ...words];
        const child = spawn(program("docker"), all);
        child.stdin.end(input);
        return ended(child);
      },
    };
  });

const dockerfile = `ARG BASE
FROM \${BASE}
RUN mkdir /srv && chown 5:5 /srv && chmod 750 /srv && id -u >/srv/user
COPY file /srv/
`;

/** As GitLab's runner leaves it: owned by root, and everyone may write. */
async function smallProject(folder: string, host: string): Promise<string> {
  const path = join(folder, "project");
  const args = { BASE: `${host}/bases/busybox:1` };
  const files = {
    Dockerfile: dockerfile,
    file: "of the context\n",
    "berth.yml": JSON.stringify({ images: { small: { dockerfile: "Dockerfile", args } } }),
  };
  await mkdir(path);
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  const env = plainEnv({ HOME: folder, ...gitEnv });
  const git = (...rest: readonly string[]) => succeed("git", rest, { cwd: path, env });
  await git("init", "--quiet", "--initial-branch=main");
  await git("add", "--all");
  await git("commit", "--quiet", "--message=a project");
  await chmod(path, 0o777);
  return path;
}
