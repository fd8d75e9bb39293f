/** What set records add: when a set was published, and what the young ones still promise. */
import pLimit from "p-limit";
import { isCommit } from "../context/objects.ts";
import { BerthError } from "../errors.ts";
import { ownTags } from "../image/key.ts";
import { readTag } from "../oci/tags.ts";
import { parseRecord, type SetRecord } from "../plan/record.ts";
import { type Doubt, dayMs, type Facts, type Pruning, whyOf } from "./facts.ts";
import type { Generation, KnownTag } from "./judge.ts";
import type { ShelfListing, SortedTag } from "./kinds.ts";
import type { Shelf } from "./shelf.ts";

type RecordFacts = Awaited<ReturnType<typeof readRecords>>;

type Commits = Pruning["sources"];

interface ReadRecord {
  readonly tag: string;
  readonly id: string;
  readonly isNeeded: boolean;
  readonly record: SetRecord | undefined;
  /** Milliseconds since 1970. */
  readonly writtenAt: number | undefined;
  /** Why it cannot be read, where it is no record that berth writes. */
  readonly why?: string;
}

/**
 * Reads the records, and the commits of those that no kept branch needs.
 *
 * A record that stays promises its images to whoever comes next, without a look at each; so what its commit
 * needs stays too, for as long as the record is young.
 */
export async function readRecords(
  { records: tags, repositories }: ShelfListing,
  facts: Facts,
  { shelf, sources, project }: Pruning,
) {
  const { prune, prefix } = project.config;
  const days = Math.max(prune.ages.set ?? 0, prune.age);
  const limit = pLimit(8);
  const records = tags.filter(({ what }) => what.kind === "record");
  const read = await Promise.all(records.map((tag) => limit(() => readRecord(tag, shelf, facts))));
  const found = read.filter((record) => record !== undefined);
  const isYoung = ({ writtenAt = 0 }: ReadRecord): boolean => writtenAt > facts.now - days * dayMs;
  const promised = await promisesOf(
    found.filter((record) => !record.isNeeded && isYoung(record)),
    sources,
  );
  const isUsual =
    found.some(({ isNeeded }) => isNeeded) &&
    repositories.some((path) => facts.repositories.has(path));
  const doubts = isUsual
    ? []
    : await foreignRecords(found.filter(hasOwnImages), repositories, sources);
  return {
    /** When records were written, by tag: their own word, which is never the time of a build. */
    writtenAt: new Map(
      found.flatMap(({ tag, writtenAt }) => (writtenAt === undefined ? [] : [[tag, writtenAt]])),
    ),
    /** The generation that a record points at, by set id. */
    generations: generationsOf(found),
    /** Places that young records promise to pipelines that come back. */
    needed: promised.needed,
    doubts: [
      ...promised.doubts,
      ...doubts,
      ...neighbours(found.filter(isYoung), prefix),
      ...found.flatMap(({ tag, why }) => (why ? [{ about: `the record ${tag}`, why }] : [])),
    ],
  };
}

/** Beside the set's own record each generation has one, written when it was published. */
function generationsOf(records: readonly ReadRecord[]): ReadonlyMap<string, Generation> {
  const times = new Map(records.map(({ tag, writtenAt }) => [tag, writtenAt]));
  return new Map(
    records.flatMap(({ tag, id, record }) => {
      const pipeline = readTag(record?.tag ?? "")?.pipeline;
      if (tag !== ownTags.set(id) || record?.tag === undefined || pipeline === undefined) return [];
      return [[id, { pipeline, since: times.get(record.tag) }] as const];
    }),
  );
}

/** Young records of another configuration: what its commits need is not known to this run. */
function neighbours(young: readonly ReadRecord[], prefix: string): readonly Doubt[] {
  const prefixes = new Set(young.flatMap(({ record }) => record?.prefix ?? []));
  prefixes.delete(prefix);
  if (prefixes.size === 0) return [];
  const why = `a configuration with the prefix ${[...prefixes].join(", ")} keeps its images in the same registry, and this run knows only that of ${prefix}`;
  return [{ about: "the set records", why }];
}

/** A tag with what records tell of it: the set's generation, and of their own tags the time. */
export function knownTag(tag: SortedTag, { writtenAt, generations }: RecordFacts): KnownTag {
  const { name, what } = tag;
  return {
    ...tag,
    taggedAt: what.kind === "record" ? writtenAt.get(name) : undefined,
    generation: what.pipeline === undefined ? undefined : generations.get(readTag(name)?.id ?? ""),
  };
}

/** The facts with what records promise. */
export function withRecords(facts: Facts, records: RecordFacts): Facts {
  return {
    ...facts,
    needed: new Map([...records.needed, ...facts.needed]),
    doubts: [...facts.doubts, ...records.doubts],
  };
}

async function readRecord(
  { repository, name }: SortedTag,
  shelf: Shelf,
  { needed }: Facts,
): Promise<ReadRecord | undefined> {
  const id = readTag(name)?.id ?? "";
  const isNeeded = needed.has(`${repository}:${ownTags.set(id)}`);
  const base = { tag: name, id, isNeeded };
  try {
    const manifest = await shelf.manifest(repository, name);
    if (manifest === undefined) return undefined;
    const record = parseRecord(manifest, `${repository}:${name}`);
    return { ...base, record, writtenAt: record?.written?.getTime() };
  } catch (error) {
    if (!(error instanceof BerthError) || error.code !== "MANIFEST_INVALID") throw error;
    return { ...base, record: undefined, writtenAt: undefined, why: error.message };
  }
}

async function promisesOf(young: readonly ReadRecord[], sources: Commits) {
  const needed = new Map<string, string>();
  const doubts: Doubt[] = [];
  for (const { tag, id, record } of young) {
    const read = await commitOf(record, sources);
    const about = `the record ${tag}`;
    if ("why" in read) doubts.push({ about, ...read });
    else if (!("broken" in read)) {
      const own = read.images.map(({ repository }) => `${repository}:${ownTags.set(id)}`);
      for (const place of [...read.places, ...own]) needed.set(place, about);
    }
  }
  return { needed, doubts };
}

/** A record whose images are all elsewhere says nothing of repositories here. */
function hasOwnImages({ record }: ReadRecord): boolean {
  return [...(record?.images.values() ?? [])].some(({ kind }) => kind === "own");
}

/** How many records are compared with their commits until one agrees. */
const mostCompared = 10;

/**
 * Records of which none is what berth computes for its commit, or whose images it expects in repositories that
 * are not there, were written under another configuration, such as inputs of the component that this job was not
 * given: then nothing that it computes can be trusted.
 */
async function foreignRecords(
  records: readonly ReadRecord[],
  repositories: readonly string[],
  sources: Commits,
): Promise<readonly Doubt[]> {
  let differing = 0;
  const newest = records.toSorted((a, b) => (b.writtenAt ?? 0) - (a.writtenAt ?? 0));
  for (const { id, record } of newest.slice(0, mostCompared)) {
    const read = await commitOf(record, sources);
    if ("why" in read) continue;
    const isPlaced =
      "images" in read && read.images.some(({ repository }) => repositories.includes(repository));
    if ("setIdWith" in read && read.setIdWith(record?.upstream) === id && isPlaced) return [];
    differing++;
  }
  if (differing === 0) return [];
  const why =
    "none of them is what this run computes for its commit; give it the same configuration and variables as the job that builds";
  return [{ about: "the set records", why }];
}

async function commitOf(record: SetRecord | undefined, { history, readCommit }: Commits) {
  const commit = record?.revision ?? "";
  if (!isCommit(commit)) return { why: "it names no commit" };
  try {
    await history.bring(commit);
    return await readCommit(commit);
  } catch (error) {
    return { why: whyOf(error) };
  }
}
