/** What stands for files that a project includes: berth's own components as they are shipped, and stubs of what is not at hand. */
import { isObject } from "../json.ts";
import type { CiSource, Found, Include } from "../pipelines/ports.ts";
import {
  get,
  isList,
  isMap,
  listOf,
  textOf,
  type Value,
  type YamlMap,
  YamlReference,
} from "../pipelines/tree.ts";

export interface ComponentFiles {
  readonly source: CiSource;
  /** The text of a component as it is shipped with this command. */
  readonly template: (name: string) => Promise<string | undefined>;
}

/** One of berth's components, included. */
export interface BerthInclude {
  readonly template: string;
  readonly location: string;
  /** What the inputs say, or stands for them. */
  readonly prefix: string;
  readonly jobPrefix: string;
  readonly upstream: string | undefined;
}

/** Nothing where it is another file. */
export function berthInclude(include: Include, files: ComponentFiles): readonly BerthInclude[] {
  const template = componentName(include, files);
  if (template === undefined) return [];
  const input = (name: string): string | undefined => {
    const value = get(include.entry, "inputs", name);
    return value === null ? undefined : textOf(value);
  };
  const prefix = input("prefix") ?? "BERTH";
  const jobPrefix = input("job_prefix") ?? "berth-";
  const { location } = include;
  return [{ template, location, prefix, jobPrefix, upstream: input("upstream") }];
}

/** Its text; `undefined` where it is none of berth's. */
export async function componentFile(
  include: Include,
  files: ComponentFiles,
): Promise<Found | undefined> {
  const name = componentName(include, files);
  if (name === undefined) return undefined;
  const text = (await files.source.read(pathOf(name))) ?? (await files.template(name));
  const version = include.location.split("@")[1] ?? "";
  if (text === undefined) return undefined;
  return { text, component: { name, version, reference: version, sha: "" } };
}

/** Where berth's project has a component. */
function pathOf(name: string): string {
  return `templates/${name}/template.yml`;
}

/** A component is told by its address, or since this very project has it; a file by where it lies. */
function componentName(
  { kind, location, entry }: Include,
  { source }: ComponentFiles,
): string | undefined {
  const name = /\/(images|rules)(?:@[^/]+|@?$|\/template\.yml$)/.exec(location)?.[1];
  if (name === undefined) return undefined;
  const isOurs = /berth/i.test(`${location} ${textOf(entry.get("project"))}`);
  if (kind === "component") return isOurs || source.paths.includes(pathOf(name)) ? name : undefined;
  return location.endsWith(pathOf(name)) && (isOurs || kind === "local") ? name : undefined;
}

const someScript = { script: "true" };
const unread = "(not read)";
// Such a file may give a job its image.
const someJob = { ...someScript, image: unread };
const notJobs = ["default", "variables", "workflow", "image", "cache", "include", "stages"];

/** Makes the texts of files that are not at hand from what the others want of them: jobs that say nothing, and the inputs of each. */
export function stubOf(written: YamlMap): (include: Include) => string {
  const stub = new Map<string, unknown>();
  for (const [name, job] of written) {
    for (const base of listOf(get(job, "extends"))
      .map(textOf)
      .filter((base) => !stub.has(base)))
      stub.set(base, get(job, "trigger") === null ? someJob : { variables: {} });
    if (isBare(textOf(name), job)) stub.set(textOf(name), someJob);
  }
  for (const { path } of [...written.values()].flatMap(referencesOf)) {
    const [name = "", key, inner] = path.map(textOf);
    const before = mapIn(stub.get(name));
    const value = inner === undefined ? [] : { ...mapIn(before[key ?? ""]), [inner]: unread };
    stub.set(name, key === undefined ? unread : { ...before, [key]: value, ...someScript });
  }
  const missing = [...stub].filter(
    ([name]) => !written.has(name) || isBare(name, written.get(name)),
  );
  const text = JSON.stringify(Object.fromEntries(missing));
  return ({ entry }) => headerFor(get(entry, "inputs")) + text;
}

/** A job that only changes one of theirs. */
function isBare(name: string, job: Value | undefined): boolean {
  const makes = ["script", "run", "trigger", "extends"];
  const isJob = isMap(job) && !name.startsWith(".") && !notJobs.includes(name);
  return isJob && !makes.some((key) => job.has(key));
}

function mapIn(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

/** Declares whatever inputs are given. */
function headerFor(inputs: Value): string {
  if (!isMap(inputs)) return "";
  const declared = [...inputs.keys()].map((name) => [textOf(name), { default: "" }]);
  return `${JSON.stringify({ spec: { inputs: Object.fromEntries(declared) } })}\n---\n`;
}

function referencesOf(value: Value): readonly YamlReference[] {
  if (value instanceof YamlReference) return [value];
  if (isList(value)) return value.flatMap(referencesOf);
  return isMap(value) ? [...value.values()].flatMap(referencesOf) : [];
}
