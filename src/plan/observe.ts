/** All registry reads that decisions are made from: the set record first, single images where it is unknown. */

import { withoutMembers } from "../image/image.ts";
import { type KeyedImage, ownTags, setIdOf } from "../image/key.ts";
import { below, printRepository } from "../oci/reference.ts";
import type { Registry } from "../registry/registry.ts";
import { believe, lookFor, type Reader, readerOf, type Sighting, type Sightings } from "./look.ts";
import type { Source } from "./places.ts";
import { type FoundRecord, isYoung, readRecord, recordRepositoryName } from "./record.ts";

export type { BrokenSighting, Sighting } from "./look.ts";

/** A record, and whose it is. */
export interface SourceRecord extends FoundRecord {
  readonly source: Source;
}

export interface ObservedRecord extends SourceRecord {
  /** It is to be written anew, being old, or naming what is gone. */
  readonly isStale: boolean;
}

export interface Observation {
  /** The record that was found, and where. */
  readonly record: ObservedRecord | undefined;
  /** What was seen of each image, in order of preference. */
  readonly sightings: Sightings;
  /** Bases that were asked, for the reason of a miss. */
  readonly looked: readonly string[];
  readonly warnings: readonly string[];
}

/** How a set is looked for. */
interface ObserveOptions {
  readonly now: Date;
  /** The sources whose records are asked, in this order; all where it is not given. */
  readonly records?: readonly Source[];
}

/**
 * Looks for a set: one GET answers for all images where its record is known and young; an old record, and
 * images that it names in another registry, are believed after one HEAD for each image; where no record is
 * known, one GET and one HEAD for each image and source. All in parallel.
 *
 * Members are not looked for: most runs do not ask for them.
 *
 * Who calls it has announced the reads. A source that may not be read is left out with a warning, so that a
 * private upstream costs builds and not the pipeline; an outage is an error.
 */
export async function observe(
  all: readonly KeyedImage[],
  sources: readonly Source[],
  registry: Registry,
  { now, records = sources }: ObserveOptions,
): Promise<Observation> {
  const reader = readerOf(registry);
  const images = withoutMembers(all);
  const record = await findRecord(images, records, reader);
  const { believed, newer } =
    record === undefined ? nothing : await believeNow(record, images, sources, { reader, now });
  const lost = images.filter(({ name }) => !believed.has(name));
  const late = await lookFor(lost, sources, reader);
  const sightings = withTwins(images, new Map([...believed, ...newer, ...late]));
  const looked = sources.filter((source) => !reader.isDenied(source));
  return {
    record: record && { ...record, isStale: lost.length > 0 || !isYoung(record.content, now) },
    sightings,
    looked: looked.map(({ base }) => printRepository(base)),
    warnings: reader.warnings(),
  };
}

const nothing = { believed: new Map(), newer: new Map() };

async function findRecord(
  images: readonly KeyedImage[],
  sources: readonly Source[],
  reader: Reader,
): Promise<SourceRecord | undefined> {
  for (const source of sources) {
    const tag = ownTags.set(setIdOf(images, source));
    const found = await reader.read(source, (registry) => readRecord(source.base, tag, registry));
    const isWhole = images.every(({ name }) => found?.content.images.has(name));
    if (found !== undefined && isWhole) return { source, ...found };
  }
  return undefined;
}

/**
 * What a record says as far as it is there, and what upstream has refreshed or built itself since an old one was
 * written: a fork would run on what it copied or named once for as long as its set stays the same.
 */
async function believeNow(
  { content, source }: SourceRecord,
  images: readonly KeyedImage[],
  sources: readonly Source[],
  { reader, now }: { readonly reader: Reader; readonly now: Date },
): Promise<{ readonly believed: Sightings; readonly newer: Sightings }> {
  const believed = await believe(content, source, reader, { images, now });
  if (source.kind === "upstream" || isYoung(content, now)) return { ...nothing, believed };
  const upstream = sources.filter(({ kind }) => kind === "upstream");
  const known = images.filter(({ name }) => believed.has(name));
  const seen = await lookFor(known, upstream, reader);
  const digestOf = (sightings: Sightings, name: string) =>
    foundOf({ sightings }, name)?.reference.digest;
  const newer = [...seen].filter(([name]) => {
    const digest = digestOf(seen, name);
    return digest !== undefined && digest !== digestOf(believed, name);
  });
  return { believed, newer: new Map(newer) };
}

/** Announces all that a look may read, all records first; it needs no keys, so the token can be there before them. */
export function announceReads(
  images: readonly Pick<KeyedImage, "name">[],
  sources: readonly Source[],
  registry: Pick<Registry, "announce" | "prepare">,
): void {
  const records = sources.map(({ base }) => below(base, recordRepositoryName));
  const repositories = sources.flatMap(({ repositoryOf }) =>
    images.map(({ name }) => repositoryOf(name)),
  );
  registry.announce("pull", [...records, ...repositories]);
  if (records[0] !== undefined) registry.prepare("pull", records[0]);
}

/** The sighting that a decision goes by. */
export function foundOf(
  { sightings }: Pick<Observation, "sightings">,
  name: string,
): Sighting | undefined {
  return sightings.get(name)?.find((sighting) => sighting.kind === "found");
}

/** The images of which nothing is there, although somebody was asked. */
export function missing(
  images: readonly KeyedImage[],
  { sightings, looked }: Observation,
): readonly string[] {
  if (looked.length === 0) return [];
  const names = images.map(({ name }) => name);
  return names.filter((name) => (sightings.get(name) ?? []).length === 0);
}

/** Two names for one key are one image: what was found of one is there for the other too, as a copy. */
function withTwins(images: readonly KeyedImage[], sightings: Sightings): Sightings {
  const foundIn = ({ name }: KeyedImage) => foundOf({ sightings }, name);
  return new Map(
    images.map((image) => {
      const seen = sightings.get(image.name) ?? [];
      const twins = images.filter(({ key }) => key === image.key);
      const found = foundIn(image) === undefined && twins.map(foundIn).find((one) => one);
      return [image.name, found ? [...seen, { ...found, isTwin: true }] : seen];
    }),
  );
}
