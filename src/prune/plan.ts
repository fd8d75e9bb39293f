/** The plan of a prune: every tag with what is to become of it, and why. */
import pLimit from "p-limit";
import type { Config } from "../config/config.ts";
import { promotedPattern } from "../config/promoted.ts";
import { readTag } from "../oci/tags.ts";
import { recordRepositoryName } from "../plan/record.ts";
import type { Doubt, Facts, Sources } from "./facts.ts";
import { isLayerCache, judge, type Particulars, type Rules, type Verdict } from "./judge.ts";
import { isEvidence, type Kind, kinds, type Names } from "./kinds.ts";
import { listShelf, type SortedTag } from "./listing.ts";
import type { Shelf } from "./port.ts";
import { type RecordFacts, readRecords, withRecords } from "./records.ts";
import { type Contents, contentsReader, type ReadContents, weigh } from "./weigh.ts";

export interface JudgedTag extends SortedTag {
  readonly verdict: Verdict;
  readonly particulars?: Particulars;
}

export interface KindTotal {
  readonly kind: Kind;
  readonly keep: number;
  readonly delete: number;
}

/** All bytes of a shelf, and those that only tags to be deleted hold. */
export interface PruneBytes {
  readonly total: number;
  readonly freed: number;
}

export interface PrunePlan {
  readonly tags: readonly JudgedTag[];
  readonly doubts: readonly Doubt[];
  readonly totals: readonly KindTotal[];
  /** `undefined` where nobody weighed. */
  readonly bytes: PruneBytes | undefined;
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
  /** Read every manifest, to tell the bytes. */
  readonly weighs: boolean;
}

/** Lists and judges; reads only. */
export async function makePrunePlan(
  shelf: Shelf,
  facts: Facts,
  sources: Pick<Sources, "history" | "readCommit">,
  options: PlanOptions,
): Promise<PrunePlan> {
  const { config, rules } = options;
  const isNamed = promotedPattern(config, options.defaultBranch);
  const names: Names = { isPromoted: isNamed, userTag: options.userTag };
  const days = Math.max(config.prune.ages.set ?? 0, config.prune.age);
  const contents = contentsReader(shelf);
  let records = noRecords;
  let known = facts;
  const judgedTags: JudgedTag[] = [];
  for await (const listed of listShelf(shelf, names, (path) => facts.repositories.has(path))) {
    if (records === noRecords) {
      records = await readRecords(listed, shelf, facts, { days, prefix: config.prefix }, sources);
      known = withRecords(facts, records);
    }
    for (const tag of listed.tags) judgedTags.push(judged(tag, known, rules, records));
  }
  const looked = options.looks ? await lookAll(judgedTags, shelf, known, rules) : judgedTags;
  const tags = keepSigns(await settleCaches(looked, known, rules, contents), known);
  return {
    tags,
    doubts: known.doubts,
    totals: totalsOf(tags),
    bytes: options.weighs ? await bytesOf(tags, contents) : undefined,
    records,
  };
}

const noRecords: RecordFacts = {
  writtenAt: new Map(),
  generations: new Map(),
  needed: new Map(),
  doubts: [],
};

function judged(
  tag: SortedTag,
  facts: Facts,
  rules: Rules,
  { generations, writtenAt }: RecordFacts,
): JudgedTag {
  const { repository, name, what } = tag;
  // A record tells its own time, where the list tells none.
  const taggedAt = tag.taggedAt ?? (what.kind === "record" ? writtenAt.get(name) : undefined);
  const generation = what.pipeline && generations.get(readTag(name)?.id ?? "");
  const particulars = generation ? { generation } : undefined;
  const timed = taggedAt === undefined ? tag : { ...tag, taggedAt };
  const verdict = judge(timed, what, facts, rules, particulars);
  return {
    repository,
    name,
    what,
    verdict,
    ...(tag.digest === undefined ? {} : { digest: tag.digest }),
    ...(taggedAt === undefined ? {} : { taggedAt }),
    ...(particulars === undefined ? {} : { particulars }),
  };
}

/** Whether a look at the tag could let it go. */
export function isUnsettled({ verdict }: Pick<JudgedTag, "verdict">): boolean {
  return verdict.action === "keep" && verdict.reason.why === "age-unknown";
}

async function lookAll(
  tags: readonly JudgedTag[],
  shelf: Shelf,
  facts: Facts,
  rules: Rules,
): Promise<readonly JudgedTag[]> {
  const { look } = shelf;
  if (look === undefined) return tags;
  const limit = pLimit(8);
  const lookAt = async (tag: JudgedTag): Promise<readonly JudgedTag[]> => {
    const seen = await look(tag.repository, tag.name);
    if (seen === undefined) return [];
    const now = { ...tag, ...seen };
    return [{ ...now, verdict: judge(now, tag.what, facts, rules, tag.particulars) }];
  };
  const parts = tags.map((tag) => (isUnsettled(tag) ? limit(() => lookAt(tag)) : [tag]));
  return (await Promise.all(parts)).flat();
}

/** Entries of the layer cache are compared with what the kept images of their repository are made of. */
async function settleCaches(
  tags: readonly JudgedTag[],
  facts: Facts,
  rules: Rules,
  read: ReadContents,
): Promise<readonly JudgedTag[]> {
  const isOpen = ({ what, name, verdict }: JudgedTag): boolean =>
    what.kind === "cache" &&
    isLayerCache(name) &&
    verdict.action === "keep" &&
    verdict.reason.why === "doubt" &&
    facts.doubts.length === 0;
  const open = tags.filter(isOpen);
  if (open.length === 0) return tags;
  const images = new Map<string, Promise<readonly (Contents | undefined)[]>>();
  const imagesIn = (repository: string) => {
    const kept = tags.filter((tag) => tag.repository === repository && isKeptImage(tag));
    const found = images.get(repository) ?? Promise.all(kept.map((tag) => read(repository, tag)));
    images.set(repository, found);
    return found;
  };
  const hits = new Map(
    await Promise.all(
      open.map(async (tag): Promise<[JudgedTag, boolean | undefined]> => {
        const [entry, kept] = await Promise.all([
          read(tag.repository, tag),
          imagesIn(tag.repository),
        ]);
        return [
          tag,
          entry && kept.some((image) => image === undefined || startsWith(image, entry)),
        ];
      }),
    ),
  );
  return tags.map((tag) => {
    const cacheHit = hits.get(tag);
    if (cacheHit === undefined) return tag;
    const particulars = { cacheHit };
    return { ...tag, particulars, verdict: judge(tag, tag.what, facts, rules, particulars) };
  });
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

const imageKinds: ReadonlySet<Kind> = new Set(["key", "try", "promoted", "past", "other-version"]);

function isKeptImage({ what, verdict }: JudgedTag): boolean {
  return imageKinds.has(what.kind) && verdict.action === "keep";
}

function startsWith(image: Contents, entry: Contents): boolean {
  return entry.layers.every((layer, index) => image.layers[index] === layer);
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

async function bytesOf(tags: readonly JudgedTag[], read: ReadContents): Promise<PruneBytes> {
  const items = await Promise.all(
    tags.map(async (tag) => ({
      groups: [tag.verdict.action],
      blobs: (await read(tag.repository, tag))?.blobs ?? [],
    })),
  );
  const { total, groups } = weigh(items);
  return { total, freed: groups.get("delete")?.unique ?? 0 };
}
