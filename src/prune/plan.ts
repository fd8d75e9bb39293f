/** The plan of a prune: every tag with what is to become of it, and why. */
import pLimit from "p-limit";
import type { Config } from "../config/config.ts";
import { promotedPattern } from "../config/promoted.ts";
import { recordRepositoryName } from "../plan/record.ts";
import type { Doubt, Facts, Sources } from "./facts.ts";
import { judge, type KnownTag, type Rules, type TagVerdict } from "./judge.ts";
import { isEvidence, type Kind, kinds, listShelf } from "./kinds.ts";
import { knownTag, type RecordFacts, readRecords, withRecords } from "./records.ts";
import type { ListedTag, Shelf } from "./shelf.ts";

export interface JudgedTag extends KnownTag {
  readonly verdict: TagVerdict;
}

export interface KindTotal {
  readonly kind: Kind;
  readonly keep: number;
  readonly delete: number;
}

export interface PrunePlan {
  readonly tags: readonly JudgedTag[];
  readonly doubts: readonly Doubt[];
  readonly totals: readonly KindTotal[];
  /** What records say; good for as long as the prune runs. */
  readonly records: RecordFacts;
}

export interface PlanOptions {
  readonly config: Pick<Config, "prefix" | "prune" | "publish">;
  readonly rules: Rules;
  readonly userTag: string | undefined;
  readonly defaultBranch: string | undefined;
  /** Ask for the time of each tag that could go and whose list tells none. `applyPrune` asks by itself. */
  readonly looks: boolean;
}

/** Lists and judges; reads only. */
export async function makePrunePlan(
  shelf: Shelf,
  facts: Facts,
  sources: Pick<Sources, "history" | "readCommit">,
  { config, rules, userTag, defaultBranch, looks }: PlanOptions,
): Promise<PrunePlan> {
  const names = { isPromoted: promotedPattern(config, defaultBranch), userTag };
  const listing = await listShelf(shelf, names, (path) => facts.repositories.has(path));
  const records = await readRecords(listing, shelf, facts, { config, commits: sources });
  const known = withRecords(facts, records);
  const judged = (tag: KnownTag): JudgedTag => ({ ...tag, verdict: judge(tag, known, rules) });
  const listed: JudgedTag[] = [];
  for await (const tags of listing.tags())
    for (const tag of tags) listed.push(judged(knownTag(tag, records)));
  const tags = keepSigns(looks ? await lookAll(listed, shelf, judged) : listed, known);
  return { tags, doubts: known.doubts, totals: totalsOf(tags), records };
}

/** Whether a look at the tag could let it go. */
export function isUnsettled({ verdict }: Pick<JudgedTag, "verdict">): boolean {
  return verdict.action === "keep" && verdict.reason.why === "age-unknown";
}

/** A tag with what another look tells of it; what that does not tell stays as it was known, such as a record's time. */
export function seenAgain(tag: KnownTag, { digest, taggedAt }: ListedTag): KnownTag {
  return { ...tag, digest: digest ?? tag.digest, taggedAt: taggedAt ?? tag.taggedAt };
}

/** The plan with what became of tags at a second look. */
export function judgedAgain(
  plan: PrunePlan,
  again: readonly { readonly tag: JudgedTag }[],
): PrunePlan {
  const placeOf = ({ repository, name }: JudgedTag) => `${repository}:${name}`;
  const seen = new Map(again.map(({ tag }) => [placeOf(tag), tag]));
  const tags = plan.tags.map((tag) => seen.get(placeOf(tag)) ?? tag);
  return { ...plan, tags, totals: totalsOf(tags) };
}

async function lookAll(
  tags: readonly JudgedTag[],
  { look }: Shelf,
  judged: (tag: KnownTag) => JudgedTag,
): Promise<readonly JudgedTag[]> {
  if (look === undefined) return tags;
  const limit = pLimit(8);
  const lookAt = async (tag: JudgedTag): Promise<JudgedTag | undefined> => {
    const seen = await look(tag.repository, tag.name);
    return seen && judged(seenAgain(tag, seen));
  };
  const looked = await Promise.all(
    tags.map((tag) => (isUnsettled(tag) ? limit(() => lookAt(tag)) : tag)),
  );
  return looked.filter((tag) => tag !== undefined);
}

/**
 * Without a key or set a repository of no kept branch would pass for somebody else's, and what stays in it now
 * would stay for ever; so these go last.
 */
function keepSigns(tags: readonly JudgedTag[], { repositories }: Facts): readonly JudgedTag[] {
  const isLeft = ({ repository, what, verdict }: JudgedTag): boolean =>
    verdict.action === "keep" &&
    !repositories.has(repository) &&
    repository !== recordRepositoryName &&
    (what.kind === "pipeline" || what.kind === "promoted" || what.kind === "cache");
  const left = new Set(tags.filter(isLeft).map(({ repository }) => repository));
  if (left.size === 0) return tags;
  return tags.map((tag) =>
    tag.verdict.action === "delete" && isEvidence(tag.what.kind) && left.has(tag.repository)
      ? { ...tag, verdict: { action: "keep", reason: { why: "sign" } } }
      : tag,
  );
}

function totalsOf(tags: readonly JudgedTag[]): readonly KindTotal[] {
  const counts = new Map(kinds.map((kind) => [kind, { keep: 0, delete: 0 }]));
  for (const { what, verdict } of tags) {
    const count = counts.get(what.kind);
    if (count !== undefined) count[verdict.action]++;
  }
  return [...counts]
    .map(([kind, count]) => ({ kind, ...count }))
    .filter((total) => total.keep + total.delete > 0);
}
