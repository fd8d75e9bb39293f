/** All registry reads that decisions are made from: the set record first, single images where it is unknown. */
import { type KeyedImage, ownTags, setIdOf } from "../image/key.ts";
import { below, printReference, printRepository } from "../oci/reference.ts";
import type { Registry } from "../registry/registry.ts";
import {
  type BrokenSighting,
  believe,
  lookFor,
  readerOf,
  type Sighting,
  type Sightings,
} from "./look.ts";
import type { Source } from "./places.ts";
import {
  isYoung,
  parseRecord,
  recordReference,
  recordRepositoryName,
  type SetRecord,
} from "./record.ts";

export type { BrokenSighting, Sighting } from "./look.ts";

export interface Observation {
  /** The record that was found, and where. */
  readonly record:
    | {
        readonly source: Source;
        readonly reference: string;
        readonly content: SetRecord;
        /** It is to be written anew, being old, or naming what is gone. */
        readonly isStale: boolean;
      }
    | undefined;
  /** What was seen of each image, in order of preference. */
  readonly sightings: ReadonlyMap<string, readonly (Sighting | BrokenSighting)[]>;
  /** Bases that were asked, for the reason of a miss. */
  readonly looked: readonly string[];
  /** What changed in images that are nowhere since the promoted ones, by name. */
  readonly since?: ReadonlyMap<string, string> | undefined;
  readonly warnings: readonly string[];
}

/** How a set is looked for. */
export interface ObserveOptions {
  readonly now: Date;
  /**
   * `upstream` looks at every image of the own registry although its record is there: upstream may have
   * come to have them since. `all` where it is not given.
   */
  readonly records?: "all" | "upstream";
}

/**
 * Looks for a set: one GET answers for all images where its record is known and young; an old record, and
 * images that it names in another registry, are believed after one HEAD for each image; where no record is
 * known, one GET and one HEAD for each image and source. All in parallel.
 *
 * Who calls it has announced the reads. A source that may not be read is left out with a warning, so that a private upstream costs builds and
 * not the pipeline; an outage is an error.
 */
export async function observe(
  images: readonly KeyedImage[],
  sources: readonly Source[],
  registry: Registry,
  { now, records = "all" }: ObserveOptions,
): Promise<Observation> {
  const reader = readerOf(registry);
  const looked: string[] = [];
  for (const source of sources) {
    const reference = recordReference(source.base, ownTags.set(setIdOf(images, source)));
    const where = printReference(reference);
    const manifest = await reader.read(source, () => registry.get(reference));
    if (reader.isDenied(source)) continue;
    looked.push(printRepository(source.base));
    const content = manifest === undefined ? undefined : parseRecord(manifest, where);
    if (content === undefined || !namesAll(content, images)) continue;
    if (records === "upstream" && source.kind === "own") continue;
    const believed = await believe(content, source, reader, { images, now });
    const lost = images.filter(({ name }) => !believed.has(name));
    const late = await lookFor(lost, sources, reader);
    const isStale = lost.length > 0 || !isYoung(content, now);
    const record = { source, reference: where, content, isStale };
    const sightings = withTwins(images, new Map([...believed, ...late]));
    return { record, sightings, looked, warnings: reader.warnings() };
  }
  const sightings = withTwins(images, await lookFor(images, sources, reader));
  return { record: undefined, sightings, looked, warnings: reader.warnings() };
}

/** Announces all that a look may read; it needs no keys, so the token can be there before them. */
export function announceReads(
  images: readonly Pick<KeyedImage, "name">[],
  sources: readonly Source[],
  registry: Pick<Registry, "announce" | "prepare">,
): void {
  for (const { base, repositoryOf } of sources) {
    const repositories = images.map(({ name }) => repositoryOf(name));
    registry.announce("pull", [below(base, recordRepositoryName), ...repositories]);
  }
  const first = sources[0];
  if (first !== undefined) registry.prepare("pull", below(first.base, recordRepositoryName));
}

/** The sighting that a decision goes by. */
export function foundOf({ sightings }: Observation, name: string): Sighting | undefined {
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

function namesAll(record: SetRecord, images: readonly KeyedImage[]): boolean {
  return images.every(({ name }) => record.images[name] !== undefined);
}

/** Two names for one key are one image: what was found of one is there for the other too, as a copy. */
function withTwins(images: readonly KeyedImage[], sightings: Sightings): Sightings {
  const seenOf = (name: string) => sightings.get(name) ?? [];
  const foundIn = (name: string) => seenOf(name).find(({ kind }) => kind === "found");
  return new Map(
    images.map(({ name, key }) => {
      const twins = foundIn(name) === undefined ? images.filter((one) => one.key === key) : [];
      const found = twins.map((twin) => foundIn(twin.name)).find((one) => one !== undefined);
      const copied = found?.kind === "found" ? [{ ...found, isTwin: true }] : [];
      return [name, [...seenOf(name), ...copied]];
    }),
  );
}
