/** Carrying a plan out: tag by tag, with another look at everything just before. */
import pLimit from "p-limit";
import { BerthError } from "../errors.ts";
import type { Facts } from "./facts.ts";
import { judge, type Rules, type TagVerdict } from "./judge.ts";
import type { Kind } from "./kinds.ts";
import { isUnsettled, type JudgedTag, type PrunePlan, seenAgain } from "./plan.ts";
import { withRecords } from "./records.ts";
import type { ListedTag, Shelf } from "./shelf.ts";

/** What became of one tag. */
export interface Applied {
  /** With the verdict of the second look. */
  readonly tag: JudgedTag;
  readonly result:
    | { readonly kind: "deleted" }
    | { readonly kind: "gone" }
    | { readonly kind: "refused"; readonly why: string }
    /** The second look found a reason to keep it. */
    | { readonly kind: "spared" };
}

export interface ApplyOptions {
  readonly rules: Rules;
  /** Deletions at once. */
  readonly parallel: number;
  /** Deletions after which it is asked again what is needed. */
  readonly round: number;
  readonly onProgress?: (done: number, all: number) => void;
}

/**
 * The order of deletion. Records first: a planner trusts one without a look at its images. Keys last:
 * they show that a repository is an image's, so a prune that was killed finds the rest.
 */
const order: readonly Kind[] = [
  "record",
  "other-version",
  "claim",
  "unknown",
  "pipeline",
  "past",
  "promoted",
  "cache",
  "set",
  "try",
  "key",
];

/** Refusals in a row, with nothing deleted yet, after which a token is held to have no right at all. */
const mostRefusals = 10;

/**
 * Deletes what the plan says, unless it turns out to be needed or was put again meanwhile.
 *
 * `renew` reads the facts anew; it is asked before each round. An outage or a refused login ends the work
 * with an error; whatever was deleted until then is no longer in the next plan.
 */
export async function applyPrune(
  plan: PrunePlan,
  shelf: Shelf,
  renew: () => Promise<Facts>,
  options: ApplyOptions,
): Promise<readonly Applied[]> {
  const work = workOf(plan, shelf);
  const applied: Applied[] = [];
  for (let start = 0; start < work.length; start += options.round) {
    const facts = withRecords(await renew(), plan.records);
    const round = work.slice(start, start + options.round);
    applied.push(...(await applyRound(round, shelf, facts, options)));
    options.onProgress?.(applied.length, work.length);
    refuseWithoutRights(applied);
  }
  return applied;
}

function workOf({ tags }: PrunePlan, shelf: Shelf): readonly JudgedTag[] {
  const candidates = tags.filter(
    (tag) => tag.verdict.action === "delete" || (shelf.look !== undefined && isUnsettled(tag)),
  );
  return candidates.toSorted((a, b) => order.indexOf(a.what.kind) - order.indexOf(b.what.kind));
}

async function applyRound(
  tags: readonly JudgedTag[],
  shelf: Shelf,
  facts: Facts,
  { rules, parallel }: ApplyOptions,
): Promise<readonly Applied[]> {
  const limit = pLimit(parallel);
  let failed = false;
  const apply = async (tag: JudgedTag): Promise<readonly Applied[]> => {
    if (failed) return [];
    try {
      return [await applyOne(tag, shelf, facts, rules)];
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  // All that began ends before an error is told, so that nothing goes on behind it.
  const ended = await Promise.allSettled(tags.map((tag) => limit(() => apply(tag))));
  const failure = ended.find((one) => one.status === "rejected");
  if (failure !== undefined) throw failure.reason;
  return ended.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
}

async function applyOne(
  tag: JudgedTag,
  shelf: Shelf,
  facts: Facts,
  rules: Rules,
): Promise<Applied> {
  const { repository, name } = tag;
  const seen = shelf.look === undefined ? tag : await shelf.look(repository, name);
  if (seen === undefined) return { tag, result: { kind: "gone" } };
  const now = seenAgain(tag, seen);
  const verdict: TagVerdict = isChanged(tag, seen)
    ? { action: "keep", reason: { why: "changed" } }
    : judge(now, facts, rules);
  const judged = { ...now, verdict };
  if (verdict.action === "keep") return { tag: judged, result: { kind: "spared" } };
  return { tag: judged, result: await shelf.deleteTag(repository, name) };
}

/** A record's time is its own word, so only what a list told can be compared. */
function isChanged(tag: JudgedTag, seen: Pick<ListedTag, "digest" | "taggedAt">): boolean {
  const differs = <T>(one: T | undefined, other: T | undefined): boolean =>
    one !== undefined && other !== undefined && one !== other;
  const time = tag.what.kind === "record" ? undefined : tag.taggedAt;
  return differs(tag.digest, seen.digest) || differs(time, seen.taggedAt);
}

function refuseWithoutRights(applied: readonly Applied[]): void {
  const refused = applied.filter(({ result }) => result.kind === "refused");
  const [first] = refused;
  const isAny = applied.some(({ result }) => result.kind === "deleted");
  if (isAny || refused.length < mostRefusals || first?.result.kind !== "refused") return;
  const { repository, name } = first.tag;
  throw new BerthError(
    "REGISTRY_DENIED",
    `delete tags: all ${refused.length} were refused, such as ${repository}:${name}: ${first.result.why}`,
    {
      hint: "the token needs the role Developer in this project; tags that a rule protects need the role that the rule names",
    },
  );
}
