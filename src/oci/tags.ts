/** Every tag of berth's own: made here, read here. All other tags are a project's or a user's. */
import { architectures } from "./platform.ts";

/** The tags of one version of the key; what another version keeps under its own is left alone. */
export interface VersionTags {
  readonly key: (key: string) => string;
  readonly set: (id: string) => string;
  /** Where later builds find the layers of an image's newest build; moves. A member's has its platform behind it. */
  readonly cache: string;
  /** Where engines push; moves, and nobody reads it, for results are known by their digest. */
  readonly built: string;
}

export function tagsOf(version: number): VersionTags {
  return {
    key: (key) => `key${version}-${key}`,
    set: (id) => `set${version}-${id}`,
    cache: `cache${version}`,
    built: `built${version}`,
  };
}

/** A tag of the images that one run refreshed, until they are promoted. */
export function ofGeneration(tag: string, generation: string): string {
  return `${tag}-${generation}`;
}

/** The name of what a pipeline refreshes; it is one run, whatever the number of its jobs. */
export function generationOfPipeline(pipeline: string): string {
  return `r${pipeline}`;
}

/** The same of a run that is no pipeline's. */
export function generationOfMachine(now: Date): string {
  return `l${secondsOf(now)}`;
}

/** Keeps what a key's tag pointed at until now, for pipelines that were told its digest. */
export function pastTag(keyTag: string, now: Date): string {
  return `${keyTag}-old-${secondsOf(now)}`;
}

function secondsOf(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}

/** What the name of a tag of berth's own tells. */
export interface OwnTag {
  /** `layer`: an entry of buildah's layer cache, which has no version. */
  readonly kind: "key" | "set" | "cache" | "layer";
  /** Of the key; 0 where the name does not say it, as in tags from before they did. */
  readonly version: number;
  /** The key or the set's id; empty for other kinds. */
  readonly id: string;
  /** The pipeline whose generation it is of. */
  readonly pipeline: number | undefined;
  /** The run on somebody's machine that it is of: when it began, in seconds since 1970. */
  readonly machine: number | undefined;
  /** When the key's tag was moved away from it, in seconds since 1970. */
  readonly past: number | undefined;
}

const number = "[1-9][0-9]{0,14}";
/** What a member's tags end in, as in `cache2-arm64` and `cache2-arm-v7`; GitLab's RE2 reads it too. */
export const platformPattern = `(${architectures.join("|")})(-v\\d+)?`;
const grammar = new RegExp(
  `^(?:(?<kind>key|set)(?<version>[1-9][0-9]{0,3})?-(?<id>[0-9a-f]{64})` +
    `(?:-r(?<pipeline>${number})|-l(?<machine>${number})|-old-(?<past>${number}))?|(?<cache>cache|built)(?:(?<cacheVersion>[1-9][0-9]{0,3})(?:-${platformPattern})?)?)$`,
);

/** Reads a tag; `undefined` where it is not berth's own. */
export function readTag(tag: string): OwnTag | undefined {
  if (/^[0-9a-f]{64}$/.test(tag)) return { ...nothing, kind: "layer" };
  const groups = grammar.exec(tag)?.groups;
  if (groups === undefined) return undefined;
  const { kind, version, cache, cacheVersion, id = "" } = groups;
  const numberOf = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  return {
    kind: cache === undefined ? (kind as "key" | "set") : "cache",
    version: Number(version ?? cacheVersion ?? 0),
    id,
    pipeline: numberOf(groups["pipeline"]),
    machine: numberOf(groups["machine"]),
    past: numberOf(groups["past"]),
  };
}

const nothing = {
  version: 0,
  id: "",
  pipeline: undefined,
  machine: undefined,
  past: undefined,
} as const;

/** Whether a tag is, or begins like, one of berth's own, so that nobody else may take it. */
export function isReserved(tag: string): boolean {
  const ours = /^(?:(?:key|set)[0-9]*-|(?:cache|built)[0-9]*$|[0-9a-f]{64}$)/;
  return ours.test(tag) || readTag(tag) !== undefined;
}
