/** Whether one tag stays, and why; pure. */
import type { AgedKind, Config } from "../config/config.ts";
import { fitsStars } from "../context/paths.ts";
import { readTag } from "../oci/tags.ts";
import { recordRepositoryName } from "../plan/record.ts";
import { dayMs, type Facts, type PruneProject } from "./facts.ts";
import type { Kind, SortedTag } from "./kinds.ts";
import type { SeenTag } from "./shelf.ts";

/** Why a tag stays. */
export type Keeping =
  | { readonly why: "needed"; readonly by: string }
  | { readonly why: "young"; readonly days: number }
  | { readonly why: "running"; readonly pipeline: number }
  | { readonly why: "promoted" }
  | { readonly why: "moving-cache" }
  | { readonly why: "override" }
  /** Not made by berth, and no pattern names it. */
  | { readonly why: "foreign" }
  | { readonly why: "age-unknown" }
  /** It cannot be told whether it is needed. */
  | { readonly why: "doubt" }
  /** The only sign that the repository is an image's, of which other tags stay for now. */
  | { readonly why: "sign" }
  /** Of another version of the key, which other branches may still run with. */
  | { readonly why: "other-version" };

/** Why a tag goes. */
export type Deleting =
  | { readonly why: "unneeded" }
  /** No kept branch has the image any more. */
  | { readonly why: "image-gone" }
  /** The branch that it was promoted from is gone. */
  | { readonly why: "branch-gone" }
  | { readonly why: "other-version" }
  | { readonly why: "pattern"; readonly pattern: string };

export type TagVerdict =
  | { readonly action: "keep"; readonly reason: Keeping }
  | { readonly action: "delete"; readonly reason: Deleting };

/** The settings that verdicts go by. */
type Rules = Pick<PruneProject, "isFork" | "ownPipeline"> & {
  readonly config: Pick<Config, "prune">;
};

/** All that a verdict goes by. */
export interface KnownTag extends SortedTag, SeenTag {
  /** Of a set's tag: the generation that the set's record points at. */
  readonly generation?: Generation | undefined;
}

export interface Generation {
  readonly pipeline: number;
  /** Milliseconds since 1970; `undefined` where that is not known. */
  readonly since: number | undefined;
}

/** Decides about one tag. Whatever is not known counts for keeping it. */
export function judge(tag: KnownTag, facts: Facts, rules: Rules): TagVerdict {
  const { kind, pipeline } = tag.what;
  // Of what is tried nobody promotes a generation.
  if (kind === "pipeline" || (kind === "try" && pipeline !== undefined))
    return judgePipeline(tag, pipeline ?? 0, facts, rules);
  switch (kind) {
    case "unknown":
      return judgeForeign(tag, facts, rules);
    case "override":
      return keep({ why: "override" });
    case "past":
      return aged({ taggedAt: pastOf(tag.name) }, rules.config.prune.age, facts, {
        why: "unneeded",
      });
    case "other-version":
      return judgeOtherVersion(tag, facts, rules);
    case "promoted":
      return judgePromoted(tag, facts, rules);
    case "cache":
      return judgeCache(tag, facts, rules);
    default:
      return judgeNeeded(tag, facts, rules);
  }
}

function keep(reason: Keeping): TagVerdict {
  return { action: "keep", reason };
}

/** When the key's tag was moved away, as the name tells. */
function pastOf(name: string): number {
  return (readTag(name)?.past ?? 0) * 1000;
}

/** In days. */
function limitOf(kind: Kind, { config: { prune } }: Rules): number {
  const name = kind === "record" ? "set" : kind;
  return prune.ages[name as AgedKind] ?? prune.age;
}

/** For what plans and records name: a job that is run again looks for it, so no limit of its own is shorter. */
function namedLimit(kind: Kind, rules: Rules): number {
  return Math.max(limitOf(kind, rules), rules.config.prune.age);
}

/** Deletes what was tagged before the limit; a time in the future is a clock that cannot be trusted. */
function aged(
  { taggedAt }: Pick<KnownTag, "taggedAt">,
  days: number,
  { now }: Facts,
  reason: Deleting,
): TagVerdict {
  if (taggedAt === undefined) return keep({ why: "age-unknown" });
  const isYoung = taggedAt > now - days * dayMs;
  return isYoung ? keep({ why: "young", days }) : { action: "delete", reason };
}

/** The same for what only pipelines put: where nobody tells its age, none of its time may have used it. */
function unused(tag: KnownTag, days: number, facts: Facts, reason: Deleting): TagVerdict {
  const verdict = aged(tag, days, facts, reason);
  const { usesKnownSince, now } = facts;
  const isOld = usesKnownSince !== undefined && usesKnownSince <= now - days * dayMs;
  return tag.taggedAt === undefined && isOld ? { action: "delete", reason } : verdict;
}

function judgeOtherVersion(tag: KnownTag, facts: Facts, { config: { prune } }: Rules): TagVerdict {
  const reason = { why: "other-version" } as const;
  return prune.otherVersions === undefined
    ? keep(reason)
    : aged(tag, Math.max(prune.otherVersions, prune.age), facts, reason);
}

function judgeNeeded(tag: KnownTag, facts: Facts, rules: Rules): TagVerdict {
  const { kind, pipeline } = tag.what;
  const name = pipeline === undefined ? tag.name : tag.name.replace(/-r[0-9]+$/, "");
  const by = facts.needed.get(`${tag.repository}:${name}`);
  if (by !== undefined && !isPast(tag, facts, rules)) return keep({ why: "needed", by });
  if (facts.doubts.length > 0 && kind !== "try") return keep({ why: "doubt" });
  const reason: Deleting = { why: isImage(tag, facts) ? "unneeded" : "image-gone" };
  return unused(tag, namedLimit(kind, rules), facts, reason);
}

/** A generation that another one took the place of, longer ago than pipelines that ran in it come back. */
function isPast(
  { what, generation }: KnownTag,
  { now }: Facts,
  { config: { prune } }: Rules,
): boolean {
  const { pipeline } = what;
  if (pipeline === undefined || generation === undefined || pipeline >= generation.pipeline)
    return false;
  return generation.since !== undefined && generation.since <= now - prune.age * dayMs;
}

function isImage({ repository, what }: KnownTag, { repositories }: Facts): boolean {
  const isOurs = repository === recordRepositoryName || what.kind === "try";
  return isOurs || repositories.has(repository);
}

function judgePipeline(tag: KnownTag, id: number, facts: Facts, rules: Rules): TagVerdict {
  const days = namedLimit(tag.what.kind, rules);
  const { pipelines, now } = facts;
  const { ownPipeline } = rules;
  if (id === ownPipeline || pipelines?.some((one) => one.id === id && one.running))
    return keep({ why: "running", pipeline: id });
  if (pipelines === undefined) return aged(tag, days, facts, { why: "unneeded" });
  // Ids grow: one above all that were listed began after the listing.
  const newest = Math.max(ownPipeline ?? 0, ...pipelines.map((one) => one.id));
  const begun = pipelines.find((one) => one.id === id)?.begunAt;
  const isYoung = id > newest || (begun !== undefined && begun > now - days * dayMs);
  return isYoung ? keep({ why: "young", days }) : { action: "delete", reason: { why: "unneeded" } };
}

function judgePromoted(tag: KnownTag, facts: Facts, rules: Rules): TagVerdict {
  const days = limitOf("promoted", rules);
  const policy = rules.config.prune.promoted ?? (rules.isFork ? "branches" : "keep");
  if (!isImage(tag, facts)) {
    if (facts.doubts.length > 0) return keep({ why: "doubt" });
    return unused(tag, days, facts, { why: "image-gone" });
  }
  if (policy === "keep" || facts.liveTags.has(tag.name)) return keep({ why: "promoted" });
  if (facts.doubts.length > 0) return keep({ why: "doubt" });
  return aged(tag, days, facts, { why: "branch-gone" });
}

/** An image's moving cache stays with the image; a layer cache grows with each edit, so it goes by age. */
function judgeCache(tag: KnownTag, facts: Facts, rules: Rules): TagVerdict {
  const days = limitOf("cache", rules);
  if (facts.doubts.length > 0) return keep({ why: "doubt" });
  if (!isImage(tag, facts)) return unused(tag, days, facts, { why: "image-gone" });
  const isLayer = readTag(tag.name)?.kind === "layer";
  return isLayer ? aged(tag, days, facts, { why: "unneeded" }) : keep({ why: "moving-cache" });
}

function judgeForeign(tag: KnownTag, facts: Facts, { config: { prune } }: Rules): TagVerdict {
  for (const [pattern, days] of Object.entries(prune.unknown))
    if (fitsStars(pattern, tag.name)) return aged(tag, days, facts, { why: "pattern", pattern });
  return keep({ why: "foreign" });
}
