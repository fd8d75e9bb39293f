/** Berth's own components among the includes of a project. */
import type { CiSource, Found, Include } from "../pipelines/ports.ts";
import { get, textOf } from "../pipelines/tree.ts";

export interface ComponentFiles {
  readonly source: CiSource;
  /** The text of a component as it is shipped with this command. */
  readonly template: (name: string) => Promise<string | undefined>;
}

/** One of them, included. */
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
  return [{ template, location: include.location, prefix, jobPrefix, upstream: input("upstream") }];
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
