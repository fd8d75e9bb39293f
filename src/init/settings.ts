/** The settings that apply to the project as a whole, each with its reason; where images are below the registry base today. */
import { stringify } from "yaml";
import { defaultConfig } from "../config/config.ts";
import { nameAll } from "../config/names.ts";
import { repositoryRule } from "../config/rules.ts";
import { templateFolder } from "../plan/make.ts";
import { type BuildJob, inOwnRegistry } from "./builders.ts";
import type { ImageLine, Survey } from "./survey.ts";

/** What a piece of a YAML file says. */
export type Node = string | boolean | readonly Node[] | { readonly [key: string]: Node };

/** The lines of keys with their values, each of these on one; none of a list or map that is empty. */
export function block(keys: Readonly<Record<string, Node>>): readonly string[] {
  const said = Object.entries(keys).filter(
    ([, node]) => typeof node !== "object" || Object.keys(node).length > 0,
  );
  if (said.length === 0) return [];
  // GitLab reads YAML 1.1, to which `on` is true and 2_0 a number.
  const text = stringify(Object.fromEntries(said), { lineWidth: 0, compat: "yaml-1.1" });
  return text.trimEnd().split("\n");
}

/** One thing that was seen in a project, and what follows from it. */
export interface Seen {
  /** What is there, as a sentence without its full stop. */
  readonly found: string;
  /** What was chosen because of it; also the comment above the lines. */
  readonly chosen: string;
  /** Lines of `berth.yml`; none where the default is what is needed. */
  readonly yaml: readonly string[];
}

/** A setting and, where it is not the default, why. */
export interface Chosen<T> {
  readonly value: T;
  readonly findings: readonly Seen[];
}

/** One thing as a list of what was seen. */
export function seen(found: string, chosen: string, yaml: readonly string[] = []): readonly Seen[] {
  return [{ found, chosen, yaml }];
}

/** What is chosen because of what was found. */
export function because<T>(value: T, ...found: Parameters<typeof seen>): Chosen<T> {
  return { value, findings: seen(...found) };
}

/** The default, where nothing was found that speaks against it. */
export function usual<T>(value: T): Chosen<T> {
  return { value, findings: [] };
}

export function prefixOf({ text }: Survey): Chosen<string> {
  const prefix = /\b([A-Z][A-Z0-9_]*)_CONTAINER_TAG\b/.exec(text)?.[1];
  if (prefix === undefined) return usual(defaultConfig.prefix);
  const found = `the pipeline uses ${prefix}_CONTAINER_TAG`;
  const chosen = `begins the names of all variables, so that ${prefix}_CONTAINER_TAG goes on meaning the images' tag`;
  return because(prefix, found, chosen, block({ prefix }));
}

export function repositoryOf(survey: Survey, names: readonly string[]): Chosen<string> {
  const { built } = survey;
  const files = [...new Set(built.map(({ dockerfile }) => dockerfile))];
  const fromJobs = templateOf(built, nameAll(files, [])) ?? folderTemplate(built);
  const fromLines = ownLines(survey.imageLines, names)[0]?.template;
  const value = fromJobs ?? fromLines ?? defaultConfig.repository;
  if (value === defaultConfig.repository) return usual(value);
  const found = `images are at $CI_REGISTRY_IMAGE/${value.replace("{name}", "NAME")} today`;
  const chosen = "images stay where they are today";
  return because(value, found, chosen, block({ repository: value }));
}

/** What GitLab takes in one report by default, with room for a few more images. */
const manyImages = 45;

export function referenceOf(
  survey: Survey,
  names: readonly string[],
  prefix: string,
  repository: string,
): Chosen<"digest" | "tag" | "own-tag"> {
  const isTemplated = survey.templates.used.length > 0;
  const lines = isTemplated ? [] : ownLines(survey.imageLines, names);
  const usable = templateFolder(repository) !== undefined;
  const jobs = new Set(lines.flatMap((line) => line.jobs)).size;
  if (lines.length > 0 && usable) {
    const variable = `$${prefix}_CONTAINER_TAG`;
    const stay = lines.every(({ tag }) => tag.replace(/[{}]/g, "") === variable);
    const found = `${jobs === 1 ? "one job runs" : `${jobs} jobs run`} in images such as ${lines[0]!.text}`;
    const chosen = `jobs go on naming images as $CI_REGISTRY_IMAGE/${repository.replace("{name}", "NAME")}:${variable}${stay ? "" : ", with this tag instead of their own"}`;
    return because("own-tag", found, chosen, block({ reference: "own-tag" }));
  }
  if (names.length > manyImages && usable) {
    const found = `there are ${names.length} images, more than GitLab takes variables from one job`;
    const chosen = "two variables, for base and tag, serve all images";
    return because("tag", found, chosen, block({ reference: "tag" }));
  }
  const chosen = `a job names its image by a variable, image: $${prefix}_IMAGE_NAME (reference digest, the default)`;
  return because("digest", whyDigest(survey, usable, repository), chosen);
}

function whyDigest({ imageLines, templates }: Survey, usable: boolean, repository: string): string {
  if (!usable) {
    return `${repository} does not end in /{name}, so every image needs a variable of its own; with a repository such as ${repository.replace(/[._-]*\{name\}.*$/, "/{name}")} two variables (reference tag) could serve all`;
  }
  const line = imageLines.find(({ text }) => inOwnRegistry(text)) ?? imageLines[0];
  const { length } = templates.used;
  if (length > 0)
    return `${length} ${length === 1 ? "job runs" : "jobs run"} in images by ci-templates`;
  if (line === undefined) return "no job was seen that runs in an image of the project";
  const runs = line.jobs.length === 1 ? "a job runs" : `${line.jobs.length} jobs run`;
  return `${runs} in ${line.text}, ${whyNot(line)}`;
}

function whyNot({ text }: ImageLine): string {
  const { path, tag } = inOwnRegistry(text) ?? {};
  if (path === "" && tag !== undefined)
    return "where tags tell images apart: each gets a repository of its own";
  return inOwnRegistry(text)
    ? "and such lines do not all name images by one pattern"
    : "which does not begin with $CI_REGISTRY_IMAGE/";
}

/** Where branches are called as QEMU's, what is tested on staging becomes `latest`. */
export function publishOf({ text }: Survey): readonly Seen[] {
  const branches = text.match(/CI_COMMIT_(?:BRANCH|REF_NAME)[^\n]*staging-?/g);
  if (branches === null) return [];
  const isSeveral = branches.some((rule) => rule.endsWith("-"));
  const rules = [
    { branch: "staging", tag: "latest" },
    { branch: "{default}", tag: "latest" },
    ...(isSeveral && text.includes("CI_COMMIT_REF_SLUG")
      ? [{ branch: "staging-*", tag: "{slug}" }]
      : []),
  ];
  const found = "rules name staging branches";
  const chosen = "staging branches move tags too, once their pipelines have succeeded";
  return seen(found, chosen, block({ publish: rules }));
}

/**
 * How a FROM names another image of the set, where all that look so agree. Where a file is built from one that is
 * called as itself, such as cuda from nvidia/cuda, that place is somebody else's.
 */
export function parentsOf({ dockerfiles }: Survey, names: readonly string[]): readonly Seen[] {
  const parents = dockerfiles.flatMap(({ path, uses }) => {
    const [own] = nameAll([path], []).values();
    return uses.flatMap((use) => {
      const [, before = "", name = ""] = /^((?:[a-z0-9_-]+\/)+)([a-z0-9._-]+)$/.exec(use) ?? [];
      return names.includes(name) ? [{ use, before, isItself: name === own }] : [];
    });
  });
  const foreign = ["library/", ...parents.flatMap((one) => (one.isItself ? one.before : []))];
  const [found, ...others] = new Map(
    parents.flatMap(({ use, before }) => (foreign.includes(before) ? [] : [[before, use]])),
  );
  if (found === undefined || others.length > 0) return [];
  const [before, use] = found;
  const chosen = "a FROM that names an image of this project; that one is built first";
  const said = block({ parents: `${before}{name}` });
  return seen(`FROM names images of the project, such as ${use}`, chosen, said);
}

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
function folderTemplate(built: readonly BuildJob[]): string | undefined {
  const folders = new Set(built.map(({ repository }) => repository?.replace(/[^/]*$/, "")));
  const [folder] = folders;
  return folders.size === 1 && folder !== undefined ? valid(`${folder}{name}`) : undefined;
}

export function lastName(repository: string | undefined): string | undefined {
  return repository?.replace(/^.*\//, "");
}

/** An image line of a job, taken apart. */
interface OwnLine extends ImageLine {
  readonly template: string;
  readonly tag: string;
}

/** The lines that name an image of the project's own registry; none where not all do so by one pattern. */
export function ownLines(
  lines: readonly ImageLine[],
  names: readonly string[],
): readonly OwnLine[] {
  const own = lines.filter(({ text }) => inOwnRegistry(text));
  const taken = own.flatMap((line): readonly OwnLine[] => {
    const { path = "", tag = "latest" } = inOwnRegistry(line.text) ?? {};
    const template = withName(path, names);
    return template === undefined ? [] : [{ ...line, template, tag }];
  });
  const templates = new Set(taken.map(({ template }) => template));
  return taken.length === own.length && templates.size === 1 ? taken : [];
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
