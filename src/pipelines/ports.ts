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
  /** `undefined` where there is nothing to compare with, so that `changes` holds. */
  readonly changed: readonly string[] | undefined;
}

/** A project at one commit. */
export interface CiSource {
  /** Its path, which also tells sources apart. */
  readonly project: string;
  readonly paths: readonly string[];
  read(path: string): Promise<string | undefined>;
}

/** A file that is found by an address. */
export interface Found {
  readonly text: string;
  /** Where files lie that it includes itself; the including file's where it is not said. */
  readonly source?: CiSource | undefined;
  readonly component?: Component | undefined;
}

/** What `$[[ component ]]` holds: name, version, reference, sha. */
export type Component = Readonly<Record<string, string>>;

export type IncludeKind = "local" | "project" | "remote" | "template" | "artifact" | "component";

/** Finds files of other projects; `undefined`: there is none, or not for this user. */
export type FetchInclude = (include: Include) => Promise<Found | undefined>;

/** An entry under `include`, with variables in place. */
export interface Include {
  readonly kind: IncludeKind;
  /** The path, address or name. */
  readonly location: string;
  /** All that the entry says. */
  readonly entry: YamlMap;
}
