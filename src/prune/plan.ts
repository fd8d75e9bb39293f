/** The plan of a prune, every tag with what is to become of it and why; and carrying it out, with another look at each. */
import pLimit from "p-limit";
import { promotedPattern } from "../config/promoted.ts";
import { BerthError } from "../errors.ts";
import { recordRepositoryName } from "../plan/record.ts";
import type { Facts, Pruning } from "./facts.ts";
import { judge, type KnownTag, type TagVerdict } from "./judge.ts";
import { isEvidence, type Kind, kinds, listShelf } from "./kinds.ts";
import { knownTag, readRecords, withRecords } from "./records.ts";
import type { Deletion, SeenTag, Shelf } from "./shelf.ts";

export interface JudgedTag extends KnownTag {
  readonly verdict: TagVerdict;
}

export type PrunePlan = Awaited<ReturnType<typeof makePrunePlan>>;

/** Lists and judges; reads only. `looks`: asks for the age of each tag that could go, which `applyPrune` does by itself. */
export async function makePrunePlan(pruning: Pruning, facts: Facts, looks: boolean) {
  const { shelf, project } = pruning;
  const isPromoted = promotedPattern(project.config, project.defaultBranch);
  const names = { isPromoted, userTag: project.userTag };
  const listing = await listShelf(shelf, names, (path) => facts.repositories.has(path));
  const records = await readRecords(listing, facts, pruning);
  const known = withRecords(facts, records);
  const judged = (tag: KnownTag): JudgedTag => ({ ...tag, verdict: judge(tag, known, project) });
  const listed: JudgedTag[] = [];
  for await (const tags of listing.tags())
    for (const tag of tags) listed.push(judged(knownTag(tag, records)));
  const tags = keepSigns(looks ? await lookAll(listed, shelf, judged) : listed, known);
  // What records say is good for as long as the prune runs.
  return { tags, doubts: known.doubts, totals: totalsOf(tags), records };
}

/** Whether a look at the tag could let it go. */
export function isUnsettled({ verdict }: JudgedTag): boolean {
  return verdict.action === "keep" && verdict.reason.why === "age-unknown";
}

/** A tag with what a look tells of it; what that does not tell stays as it was known, such as a record's time. */
function seenAgain(tag: KnownTag, { digest = tag.digest, taggedAt = tag.taggedAt }: SeenTag) {
  return { ...tag, digest, taggedAt };
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
  shelf: Shelf,
  judged: (tag: KnownTag) => JudgedTag,
): Promise<readonly JudgedTag[]> {
  const limit = pLimit(8);
  const lookAt = async (tag: JudgedTag): Promise<JudgedTag | undefined> => {
    const seen = await shelf.look(tag.repository, tag.name);
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

function totalsOf(tags: readonly JudgedTag[]) {
  const counts = new Map(kinds.map((kind) => [kind, { keep: 0, delete: 0 }]));
  for (const { what, verdict } of tags) {
    const count = counts.get(what.kind);
    if (count !== undefined) count[verdict.action]++;
  }
  return [...counts]
    .map(([kind, count]) => ({ kind, ...count }))
    .filter((total) => total.keep + total.delete > 0);
}

/** What became of one tag. */
export interface Applied {
  /** With the verdict of the second look. */
  readonly tag: JudgedTag;
  /** `spared`: the second look found a reason to keep it. */
  readonly result: Deletion | { readonly kind: "spared" };
}

interface ApplyOptions {
  /** Deletions after which branches, merge requests and pipelines are read again. */
  readonly round?: number;
  readonly onProgress?: (done: number, all: number) => void;
}

/** Deletions at once: what a host is asked at a time. A round is a multiple of it, so that no place is idle at its end. */
const parallel = 32;

/**
 * The order of deletion. Records first: a planner trusts one without a look at its images. Keys last:
 * they show that a repository is an image's, so a prune that was killed finds the rest.
 */
const order: readonly Kind[] = [
  "record",
  "other-version",
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
 * The facts are read anew before each round. An outage or a refused login ends the work with an error; whatever was
 * deleted until then is no longer in the next plan.
 */
export async function applyPrune(
  pruning: Pruning,
  { tags, records }: PrunePlan,
  { round = 6 * parallel, onProgress }: ApplyOptions,
): Promise<readonly Applied[]> {
  const work = tags
    .filter((tag) => tag.verdict.action === "delete" || isUnsettled(tag))
    .toSorted((a, b) => order.indexOf(a.what.kind) - order.indexOf(b.what.kind));
  const applied: Applied[] = [];
  for (let start = 0; start < work.length; start += round) {
    const facts = withRecords(await pruning.facts(), records);
    const some = work.slice(start, start + round);
    applied.push(...(await applyRound(some, (tag) => applyOne(tag, facts, pruning))));
    onProgress?.(applied.length, work.length);
    refuseWithoutRights(applied);
  }
  return applied;
}

async function applyRound(
  tags: readonly JudgedTag[],
  applyOne: (tag: JudgedTag) => Promise<Applied>,
): Promise<readonly Applied[]> {
  const limit = pLimit(parallel);
  let failed = false;
  const apply = async (tag: JudgedTag): Promise<readonly Applied[]> => {
    if (failed) return [];
    try {
      return [await applyOne(tag)];
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
  facts: Facts,
  { shelf, project }: Pruning,
): Promise<Applied> {
  const { repository, name } = tag;
  const seen = await shelf.look(repository, name);
  if (seen === undefined) return { tag, result: { kind: "gone" } };
  const now = seenAgain(tag, seen);
  const verdict = judge(now, facts, project);
  const isSpared = verdict.action === "keep";
  const result = isSpared ? ({ kind: "spared" } as const) : await shelf.deleteTag(repository, name);
  return { tag: { ...now, verdict }, result };
}

function refuseWithoutRights(applied: readonly Applied[]): void {
  const refused = applied.filter(({ result }) => result.kind === "refused");
  const [first] = refused;
  const isAny = applied.some(({ result }) => result.kind === "deleted");
  if (isAny || refused.length < mostRefusals || first?.result.kind !== "refused") return;
  const { repository, name } = first.tag;
  const what = `delete tags: all ${refused.length} were refused, such as ${repository}:${name}: ${first.result.why}`;
  throw new BerthError("REGISTRY_DENIED", what, {
    hint: "the token needs the role Developer in this project; tags that a rule protects need the role that the rule names",
  });
}
