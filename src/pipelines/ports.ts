/** What a pipeline is made for, and where its files come from. */
import type { YamlMap } from "./tree.ts";
import type { Variable } from "./variables.ts";

export interface Occasion {
  /** What CI_PIPELINE_SOURCE says. */
  readonly source: string;
  /** A branch, a tag, or the ref of a merge request. */
  readonly ref: string;
  readonly kind: "branch" | "tag" | "merge_request";
  readonly project: string;
  /** Variables below those of the configuration, such as CI_COMMIT_BRANCH. */
  readonly predefined: readonly Variable[];
  /** Those above it: of instance, groups and project, then of the pipeline. */
  readonly settings: readonly Variable[];
}

/** A project at one commit. */
export interface CiSource {
  /** Its path, which also tells sources apart. */
  readonly project: string;
  readonly paths: readonly string[];
  read(path: string): Promise<string | undefined>;
}

/** The same source, which reads each file once, and the texts that were read of it. */
export function keeping(from: CiSource) {
  const texts = new Map<string, string>();
  const read = async (path: string): Promise<string | undefined> => {
    const text = texts.get(path) ?? (await from.read(path));
    if (text !== undefined) texts.set(path, text);
    return text;
  };
  return { texts, source: { ...from, read } };
}

/** Where a file stands. */
export interface Place {
  readonly source: CiSource;
  readonly component?: Component | undefined;
}

/** A file that is found; what it does not say of its place is as with the file that includes it. */
export interface Found extends Partial<Place> {
  readonly text: string;
}

/** What `$[[ component ]]` holds: name, version, reference, sha. */
export type Component = Readonly<Record<string, string>>;

export const includeKinds = [
  "local",
  "project",
  "remote",
  "template",
  "artifact",
  "component",
] as const;

/** Finds files of other projects; `undefined`: there is none, or not for this user. */
export type FetchInclude = (include: Include) => Promise<Found | undefined>;

/** An entry under `include`, with variables in place. */
export interface Include {
  readonly kind: (typeof includeKinds)[number];
  /** The path, address or name. */
  readonly location: string;
  /** All that the entry says. */
  readonly entry: YamlMap;
  /** Whose file has it. */
  readonly source: CiSource;
}
