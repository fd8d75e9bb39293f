/** The examples below component/, each in a git repository of its own. */
import { appendFile, cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseDocument } from "yaml";
import { pushBusybox, pushDebian } from "./bases.ts";
import { gitEnv, plainEnv, succeed } from "./command.ts";

const components = fileURLToPath(new URL("../../component", import.meta.url));

/** A git repository with an example, and a configuration beside it that takes bases from a local registry. */
export interface Project {
  readonly path: string;
  /** For `--config`; outside of the repository. */
  readonly config: string;
  git(...args: readonly string[]): Promise<string>;
  /** Writes files below the repository's top. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  commit(): Promise<string>;
  /** A full checkout beside this one, made under the given umask. */
  clone(name: string, umask?: string): Promise<Project>;
  /** Adds images to the configuration, as YAML of the map `images`. */
  addImages(yaml: string): Promise<void>;
  /** Takes images out of the configuration. */
  dropImages(...names: readonly string[]): Promise<void>;
}

/** Pushes the bases that the example's images start from; only one of them needs a Debian. */
export async function pushExampleBases(host: string, { debian = true } = {}): Promise<void> {
  await pushBusybox(host, "bases/busybox", "stable");
  if (debian) await pushDebian(host, "bases/debian", "stable-slim");
}

/** Copies the example to `folder/name` and commits it there; another of those below component/ where that is given. */
export async function exampleProject(
  folder: string,
  name: string,
  host: string,
  example = "example",
): Promise<Project> {
  const project = projectAt(folder, name);
  const source = join(components, example);
  await cp(source, project.path, { recursive: true, verbatimSymlinks: true });
  await project.git("init", "--quiet", "--initial-branch=main");
  await project.commit();
  const text = await readFile(join(source, "berth.yml"), "utf8");
  await writeFile(project.config, text.replace("docker.io/library", `${host}/bases`));
  return project;
}

function projectAt(folder: string, name: string): Project {
  const path = join(folder, name);
  const config = `${path}.yml`;
  const env = plainEnv({ HOME: folder, ...gitEnv });
  const git = async (...args: readonly string[]): Promise<string> =>
    (await succeed("git", args, { cwd: path, env })).trim();
  return {
    path,
    config,
    git,
    write: async (files) => {
      for (const [file, text] of Object.entries(files)) {
        await mkdir(dirname(join(path, file)), { recursive: true });
        await writeFile(join(path, file), text);
      }
    },
    commit: async () => {
      await git("add", "--all", "--force", "--", ":!.berth");
      await git("commit", "--quiet", "--message=a change");
      return git("rev-parse", "HEAD");
    },
    clone: async (other, umask = "022") => {
      const clone = projectAt(folder, other);
      const script = 'umask "$1" && exec git clone --quiet "$2" "$3"';
      await succeed("/bin/sh", ["-c", script, "sh", umask, path, clone.path], { env });
      await cp(config, clone.config);
      return clone;
    },
    addImages: (yaml) => appendFile(config, yaml),
    dropImages: async (...names) => {
      const document = parseDocument(await readFile(config, "utf8"));
      for (const name of names) document.deleteIn(["images", name]);
      await writeFile(config, String(document));
    },
  };
}
