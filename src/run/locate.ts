/** Finds the images that CI runs in, by key, by tag or by pipeline, or tells that they are nowhere; looks where `plan` does. */
import { BerthError, expected } from "../errors.ts";
import type { Image } from "../image/image.ts";
import { type KeyedImage, keyOfTag, ownTags } from "../image/key.ts";
import { below, printReference, withDigest, withTag } from "../oci/reference.ts";
import { readTag } from "../oci/tags.ts";
import { announceReads, foundOf, observe, type SourceRecord } from "../plan/observe.ts";
import type { Source } from "../plan/places.ts";
import type { FoundBy } from "../plan/plan.ts";
import { readRecord, recordRepositoryName, type SetRecord } from "../plan/record.ts";
import type { Registry } from "../registry/registry.ts";

/** An image that is there; plain JSON. */
export interface Located {
  readonly name: string;
  readonly platform: string;
  /** By digest. */
  readonly reference: string;
  readonly source: Source["kind"] | "here";
  readonly foundBy: FoundBy | "tag" | "pipeline" | "build";
  /** Its content key, as far as it is known. */
  readonly key: string | null;
  /** The commit that it was built from, where it says so. */
  readonly revision: string | null;
}

/** What a search has seen. */
export interface Search {
  readonly located: ReadonlyMap<string, Located>;
  /** What was looked for in each place, such as `registry.example.com/qemu/debian:key-…`. */
  readonly looked: readonly string[];
  /** Places that could not be asked. */
  readonly troubles: readonly BerthError[];
}

/** Where a search looks. */
export interface SearchScope {
  readonly sources: readonly Source[];
  readonly registry: Registry;
  readonly now: Date;
}

/** Finds images by their keys; places that cannot be asked matter only where something was not found. */
export function locateKeys(images: readonly KeyedImage[], place: SearchScope): Promise<Search> {
  const { registry, now } = place;
  return throughSources(images, place, async (source, wanted) => {
    announceReads(wanted, [source], registry);
    const { sightings, looked, warnings } = await observe(wanted, [source], registry, { now });
    if (looked.length === 0) throw new BerthError("REGISTRY_DENIED", warnings.join(" "));
    return wanted.map((image): Look => {
      const tagged = withTag(source.repositoryOf(image.name), ownTags.key(image.key));
      const found = foundOf({ sightings }, image.name);
      if (found === undefined) {
        const isBroken = sightings.get(image.name)?.some(({ kind }) => kind === "broken");
        return `${printReference(tagged)}${isBroken ? " (not whole)" : ""}`;
      }
      const { reference, foundBy, manifest } = found;
      const annotations = manifest?.content.annotations;
      return {
        name: image.name,
        platform: image.platform,
        reference: printReference(reference),
        source: found.source,
        foundBy,
        key: image.key,
        revision: annotations?.["org.opencontainers.image.revision"] ?? null,
      };
    });
  });
}

/** Finds images by a tag that they have, such as `latest`. */
export function locateTag(
  images: readonly Image[],
  tag: string,
  place: SearchScope,
): Promise<Search> {
  return throughSources(images, place, (source, wanted) =>
    Promise.all(
      wanted.map(async (image): Promise<Look> => {
        const reference = withTag(source.repositoryOf(image.name), tag);
        const manifest = await place.registry.get(reference);
        if (manifest === undefined) return printReference(reference);
        const { annotations } = manifest.content;
        return {
          name: image.name,
          platform: image.platform,
          reference: printReference(withDigest(reference, manifest.descriptor.digest)),
          source: source.kind,
          foundBy: "tag",
          key: keyOfTag(annotations["berth.key"]) ?? null,
          revision: annotations["org.opencontainers.image.revision"] ?? null,
        };
      }),
    ),
  );
}

/** The images that a set record names. */
export function locateRecorded(
  images: readonly Image[],
  { content: record, source, reference: where }: SourceRecord,
): Search {
  const located = images.flatMap(({ name, platform }): readonly (readonly [string, Located])[] => {
    const recorded = record.images.get(name);
    if (recorded === undefined || recorded.kind === "missing") return [];
    const isOwn = recorded.kind === "own";
    const reference = isOwn
      ? withDigest(source.repositoryOf(name), recorded.digest)
      : recorded.reference;
    const found: Located = {
      name,
      platform,
      reference: printReference(reference),
      source: isOwn ? source.kind : "upstream",
      foundBy: "pipeline",
      key: null,
      revision: record.revision ?? null,
    };
    return [[name, found]];
  });
  return { located: new Map(located), looked: [where], troubles: [] };
}

/** A search among records, and the places that could not be asked. */
export interface RecordSearch extends Pick<Search, "troubles"> {
  readonly found: SourceRecord | undefined;
}

type Records = Pick<SearchScope, "sources"> & {
  readonly registry: Pick<Registry, "get" | "tags">;
};

/** The record of the images that a pipeline refreshed; it alone has run in them until they were promoted. */
export function refreshedBy(pipeline: string, records: Records): Promise<RecordSearch> {
  const isIts = (tag: string): boolean => readTag(tag)?.pipeline === Number(pipeline);
  return recordWhere(isIts, () => true, records);
}

/** The record that a pipeline wrote when it published its set; one that found all in place wrote none. */
export function publishedBy(pipeline: string, records: Records): Promise<RecordSearch> {
  const isSet = (tag: string): boolean => readTag(tag)?.kind === "set";
  return recordWhere(isSet, (record) => record.pipeline === pipeline, records);
}

async function recordWhere(
  isWanted: (tag: string) => boolean,
  isIts: (record: SetRecord) => boolean,
  { sources, registry }: Records,
): Promise<RecordSearch> {
  let found: SourceRecord | undefined;
  const troubles = await oneByOne(sources, async (source) => {
    const pages = await Array.fromAsync(registry.tags(below(source.base, recordRepositoryName)));
    const tags = pages.flat();
    const read = tags.filter(isWanted).map((tag) => readRecord(source.base, tag, registry));
    const its = (await Promise.all(read)).find((one) => one !== undefined && isIts(one.content));
    found = its && { ...its, source };
    return found !== undefined;
  });
  return { found, troubles };
}

/** The image, or what was looked for in vain. */
type Look = Located | string;

/** Asks one source after the other for what the ones before did not have. */
async function throughSources<I extends Image>(
  images: readonly I[],
  { sources }: SearchScope,
  look: (source: Source, wanted: readonly I[]) => Promise<readonly Look[]>,
): Promise<Search> {
  const located = new Map<string, Located>();
  const looked: string[] = [];
  const troubles = await oneByOne(sources, async (source) => {
    const wanted = images.filter(({ name }) => !located.has(name));
    if (wanted.length === 0) return true;
    for (const seen of await look(source, wanted)) {
      if (typeof seen === "string") looked.push(seen);
      else located.set(seen.name, seen);
    }
    return false;
  });
  return { located, looked, troubles };
}

/** Looks in one source after the other until there is no more to find; tells why some could not be asked. */
async function oneByOne(
  sources: readonly Source[],
  look: (source: Source) => Promise<boolean>,
): Promise<readonly BerthError[]> {
  const troubles: BerthError[] = [];
  const isMissed = expected((error) => {
    troubles.push(error);
    return false;
  });
  for (const source of sources) if (await look(source).catch(isMissed)) break;
  return troubles;
}
