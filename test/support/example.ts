/** The examples below component/, each in a git repository of its own. */
import { appendFileSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseDocument } from "yaml";
import { type Repository, repositoryAt } from "../context/repository.ts";
import { pushBusybox, pushDebian } from "./bases.ts";

const components = fileURLToPath(new URL("../../component", import.meta.url));

/** A git repository with an example, and a configuration beside it that takes bases from a local registry. */
export interface Project extends Repository {
  /** For `--config`; outside of the repository. */
  readonly config: string;
  /** A full checkout beside this one, made under the given umask. */
  clone(name: string, umask?: number): Project;
  /** Adds images to the configuration, as YAML of the map `images`. */
  addImages(yaml: string): void;
  /** Takes images out of the configuration. */
  dropImages(...names: readonly string[]): void;
}

/** Pushes the bases that the example's images start from; only one of them needs a Debian. */
export async function pushExampleBases(host: string, { debian = true } = {}): Promise<void> {
  await pushBusybox(host, "bases/busybox", "stable");
  if (debian) await pushDebian(host, "bases/debian", "stable-slim");
}

/** Copies the example to `folder/name` and commits it there; another of those below component/ where that is given. */
export function exampleProject(
  folder: string,
  name: string,
  host: string,
  example = "example",
): Project {
  const project = projectAt(folder, name);
  const source = join(components, example);
  cpSync(source, project.path, { recursive: true, verbatimSymlinks: true });
  project.run("init", "--quiet", "--initial-branch=main");
  project.commit();
  const text = readFileSync(join(source, "berth.yml"), "utf8");
  writeFileSync(project.config, text.replace("docker.io/library", `${host}/bases`));
  return project;
}

function projectAt(folder: string, name: string): Project {
  const repository = repositoryAt({ after: () => undefined }, join(folder, name));
  const config = `${repository.path}.yml`;
  return {
    ...repository,
    config,
    commit() {
      repository.run("add", "--all", "--force", "--", ":!.berth");
      return repository.commit();
    },
    clone(other, umask = 0o022) {
      const clone = projectAt(folder, other);
      const before = process.umask(umask);
      repository.run("clone", "--quiet", repository.path, clone.path);
      process.umask(before);
      cpSync(config, clone.config);
      return clone;
    },
    addImages: (yaml) => appendFileSync(config, yaml),
    dropImages(...names) {
      const document = parseDocument(readFileSync(config, "utf8"));
      for (const name of names) document.deleteIn(["images", name]);
      writeFileSync(config, String(document));
    },
  };
}
