/** Whether one tag stays, and why; pure. */
import type { AgedKind, PruneSettings } from "../config/config.ts";
import { readTag } from "../oci/tags.ts";
import { recordRepositoryName } from "../plan/record.ts";
import { dayMs, type Facts } from "./facts.ts";
import { type Classified, type Kind, tagGlob } from "./kinds.ts";
import type { ListedTag } from "./port.ts";

/** Why a tag stays. */
export type Keeping =
  | { readonly why: "needed"; readonly by: string }
  | { readonly why: "young"; readonly days: number }
  | { readonly why: "running"; readonly pipeline: number }
  | { readonly why: "promoted" }
  | { readonly why: "moving-cache" }
  /** A build of a kept image would find its layers. */
  | { readonly why: "cache-hit" }
  | { readonly why: "override" }
  /** Not made by berth, and no pattern names it. */
  | { readonly why: "foreign" }
  | { readonly why: "age-unknown" }
  /** It cannot be told whether it is needed. */
  | { readonly why: "doubt" }
  /** The only sign that the repository is an image's, of which other tags stay for now. */
  | { readonly why: "sign" }
  /** Of another version of the key, which other branches may still run with. */
  | { readonly why: "other-version" }
  /** It was put again after the plan was made. */
  | { readonly why: "changed" };

/** Why a tag goes. */
export type Deleting =
  | { readonly why: "unneeded" }
  /** No kept branch has the image any more. */
  | { readonly why: "image-gone" }
  /** The branch that it was promoted from is gone. */
  | { readonly why: "branch-gone" }
  | { readonly why: "other-version" }
  | { readonly why: "pattern"; readonly pattern: string };

export type Verdict =
  | { readonly action: "keep"; readonly reason: Keeping }
  | { readonly action: "delete"; readonly reason: Deleting };

/** What rules beside the configuration say. */
export interface Rules {
  readonly prune: PruneSettings;
  readonly isFork: boolean;
}

/** What is known of a tag beside its name. */
export interface Tag extends ListedTag {
  readonly repository: string;
}

/** What only some tags need to be known of. */
export interface Particulars {
  /** Whether a kept image starts with the layers of this cache entry; `undefined` where nobody looked. */
  readonly cacheHit?: boolean | undefined;
  /** The pipeline of the generation that a set's record points at, and when that was published. */
  readonly generation?: Generation | undefined;
}

export interface Generation {
  readonly pipeline: number;
  /** Milliseconds since 1970; `undefined` where that is not known. */
  readonly since: number | undefined;
}

/** Decides about one tag. Whatever is not known counts for keeping it. */
export function judge(
  tag: Tag,
  what: Classified,
  facts: Facts,
  rules: Rules,
  particulars: Particulars = {},
): Verdict {
  switch (what.kind) {
    case "unknown":
      return judgeForeign(tag, facts, rules);
    case "override":
      return keep({ why: "override" });
    case "pipeline":
      return judgePipeline(tag, what.pipeline ?? 0, facts, rules);
    case "past":
      return aged({ ...tag, taggedAt: pastOf(tag.name) }, rules.prune.age, facts, {
        why: "unneeded",
      });
    case "other-version":
      return judgeOtherVersion(tag, facts, rules);
    case "claim":
      return aged(tag, limitOf("claim", rules), facts, { why: "unneeded" });
    case "promoted":
      return judgePromoted(tag, facts, rules);
    case "cache":
      return judgeCache(tag, facts, rules, particulars);
    default:
      return judgeNeeded(tag, what, facts, rules, particulars);
  }
}

function keep(reason: Keeping): Verdict {
  return { action: "keep", reason };
}

/** When the key's tag was moved away, as the name tells. */
function pastOf(name: string): number {
  return (readTag(name)?.past ?? 0) * 1000;
}

/** In days. */
function limitOf(kind: Kind, { prune }: Rules): number {
  const names: Partial<Record<Kind, AgedKind>> = { "try-set": "try", record: "set", claim: "set" };
  const name = names[kind] ?? kind;
  return prune.ages[name as AgedKind] ?? prune.age;
}

/** For what plans and records name: a job that is run again looks for it, so no limit of its own is shorter. */
function namedLimit(kind: Kind, rules: Rules): number {
  return Math.max(limitOf(kind, rules), rules.prune.age);
}

/** Deletes what was tagged before the limit; a time in the future is a clock that cannot be trusted. */
function aged(tag: Tag, days: number, facts: Facts, reason: Deleting, isUnused = false): Verdict {
  const before = facts.now - days * dayMs;
  if (tag.taggedAt !== undefined)
    return tag.taggedAt > before ? keep({ why: "young", days }) : { action: "delete", reason };
  // What no pipeline used since then was not put by one either.
  const { usesKnownSince } = facts;
  const isOld = isUnused && usesKnownSince !== undefined && usesKnownSince <= before;
  return isOld ? { action: "delete", reason } : keep({ why: "age-unknown" });
}

function judgeOtherVersion(tag: Tag, facts: Facts, { prune }: Rules): Verdict {
  const reason = { why: "other-version" } as const;
  return prune.otherVersions === undefined
    ? keep(reason)
    : aged(tag, Math.max(prune.otherVersions, prune.age), facts, reason);
}

function judgeNeeded(
  tag: Tag,
  { kind, pipeline }: Classified,
  facts: Facts,
  rules: Rules,
  particulars: Particulars,
): Verdict {
  const name = pipeline === undefined ? tag.name : tag.name.replace(/-r[0-9]+$/, "");
  const [by] = facts.needed.get(`${tag.repository}:${name}`) ?? [];
  if (by !== undefined && !isPast(pipeline, particulars, facts, rules))
    return keep({ why: "needed", by });
  const isTry = kind === "try" || kind === "try-set";
  if (facts.doubts.length > 0 || (isTry && !facts.mergeRequestsKnown))
    return keep({ why: "doubt" });
  const reason: Deleting = { why: isImage(tag, facts) ? "unneeded" : "image-gone" };
  return aged(tag, namedLimit(kind, rules), facts, reason, true);
}

/** A generation that another one took the place of, longer ago than pipelines that ran in it come back. */
function isPast(
  pipeline: number | undefined,
  { generation }: Particulars,
  { now }: Facts,
  { prune }: Rules,
): boolean {
  if (pipeline === undefined || generation === undefined || pipeline >= generation.pipeline)
    return false;
  return generation.since !== undefined && generation.since <= now - prune.age * dayMs;
}

function isImage({ repository }: Tag, { repositories }: Facts): boolean {
  return repository === recordRepositoryName || repositories.has(repository);
}

function judgePipeline(tag: Tag, id: number, facts: Facts, rules: Rules): Verdict {
  const isNamed = readTag(tag.name) !== undefined;
  const days = isNamed ? namedLimit("pipeline", rules) : limitOf("pipeline", rules);
  const { pipelines, ownPipeline, now } = facts;
  if (id === ownPipeline || pipelines?.some((one) => one.id === id && one.running))
    return keep({ why: "running", pipeline: id });
  if (pipelines === undefined) return aged(tag, days, facts, { why: "unneeded" });
  // Ids grow: one above all that were listed began after the listing.
  const newest = Math.max(ownPipeline ?? 0, ...pipelines.map((one) => one.id));
  const begun = pipelines.find((one) => one.id === id)?.begunAt;
  const isYoung = id > newest || (begun !== undefined && begun > now - days * dayMs);
  return isYoung ? keep({ why: "young", days }) : { action: "delete", reason: { why: "unneeded" } };
}

function judgePromoted(tag: Tag, facts: Facts, rules: Rules): Verdict {
  const days = limitOf("promoted", rules);
  const policy = rules.prune.promoted ?? (rules.isFork ? "branches" : "keep");
  if (!isImage(tag, facts)) {
    if (facts.doubts.length > 0) return keep({ why: "doubt" });
    return aged(tag, days, facts, { why: "image-gone" }, true);
  }
  if (policy === "keep" || facts.liveTags.has(tag.name)) return keep({ why: "promoted" });
  if (facts.doubts.length > 0) return keep({ why: "doubt" });
  return aged(tag, days, facts, { why: "branch-gone" });
}

function judgeCache(tag: Tag, facts: Facts, rules: Rules, { cacheHit }: Particulars): Verdict {
  const days = limitOf("cache", rules);
  if (facts.doubts.length > 0) return keep({ why: "doubt" });
  if (!isImage(tag, facts)) return aged(tag, days, facts, { why: "image-gone" }, true);
  if (!isLayerCache(tag.name)) return keep({ why: "moving-cache" });
  const verdict = aged(tag, days, facts, { why: "unneeded" });
  if (verdict.action === "keep") return verdict;
  if (cacheHit === undefined) return keep({ why: "doubt" });
  return cacheHit ? keep({ why: "cache-hit" }) : verdict;
}

/** Whether a cache tag is one of the many of buildah's layer cache. */
export function isLayerCache(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}

function judgeForeign(tag: Tag, facts: Facts, { prune }: Rules): Verdict {
  for (const [pattern, days] of Object.entries(prune.unknown))
    if (tagGlob(pattern).test(tag.name)) return aged(tag, days, facts, { why: "pattern", pattern });
  return keep({ why: "foreign" });
}
