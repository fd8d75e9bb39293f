/** Where images are below the registry base today. */
import { repositoryRule } from "../config/rules.ts";
import type { BuildJob } from "./builders.ts";
import type { ImageLine } from "./survey.ts";

/** The template that all repositories fit, such as `qemu/{name}`; `undefined` where there is none. */
export function templateOf(
  built: readonly BuildJob[],
  names: ReadonlyMap<string, string>,
): string | undefined {
  const templates = new Set(
    built.map(({ repository, dockerfile }) => {
      const name = names.get(dockerfile) ?? "";
      return repository?.includes(name) ? lastReplaced(repository, name) : undefined;
    }),
  );
  const [template] = templates;
  return templates.size === 1 ? valid(template) : undefined;
}

/** What stands before a name in all repositories, where the names are not those of the files. */
export function folderTemplate(built: readonly BuildJob[]): string | undefined {
  const folders = new Set(built.map(({ repository }) => repository?.replace(/[^/]*$/, "")));
  const [folder] = folders;
  return folders.size === 1 && folder !== undefined ? valid(`${folder}{name}`) : undefined;
}

export function lastName(repository: string | undefined): string | undefined {
  return repository?.replace(/^.*\//, "");
}

/** An image line of a job, taken apart. */
export interface OwnLine extends ImageLine {
  readonly template: string;
  readonly tag: string;
}

/** The lines that name an image of the project's own registry. */
export function ownLines(
  lines: readonly ImageLine[],
  names: readonly string[],
): readonly OwnLine[] {
  return lines.flatMap((line) => {
    const found = /^\$\{?CI_REGISTRY_IMAGE\}?\/([^:]+):([^:]+)$/.exec(line.text);
    const [, repository = "", tag = ""] = found ?? [];
    const template = withName(repository, names);
    return template === undefined ? [] : [{ ...line, template, tag }];
  });
}

function withName(repository: string, names: readonly string[]): string | undefined {
  const variable = repository.replace(/\$(?:\{\w+\}|\w+)/, "{name}");
  if (variable !== repository) return valid(variable);
  const name = names
    .filter((one) => repository.endsWith(one))
    .toSorted((a, b) => b.length - a.length)[0];
  return name === undefined ? undefined : valid(lastReplaced(repository, name));
}

function lastReplaced(repository: string, name: string): string {
  const at = repository.lastIndexOf(name);
  return `${repository.slice(0, at)}{name}${repository.slice(at + name.length)}`;
}

function valid(template: string | undefined): string | undefined {
  return template !== undefined && repositoryRule(template) === undefined ? template : undefined;
}
