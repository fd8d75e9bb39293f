/** Finds the images that CI runs in, by key, by tag or by pipeline, or tells that they are nowhere; looks where `plan` does. */
import { BerthError } from "../errors.ts";
import type { Image } from "../image/image.ts";
import { type KeyedImage, keyOfTag, ownTags } from "../image/key.ts";
import { printReference, withDigest, withTag } from "../oci/reference.ts";
import { announceReads, observe, type SourceRecord } from "../plan/observe.ts";
import type { Source } from "../plan/places.ts";
import type { FoundBy } from "../plan/plan.ts";
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
    return wanted.map((image) => {
      const tagged = withTag(source.repositoryOf(image.name), ownTags.key(image.key));
      const seen = sightings.get(image.name) ?? [];
      const found = seen.find((sighting) => sighting.kind === "found");
      const broken = seen.some(({ kind }) => kind === "broken") ? " (not whole)" : "";
      const tags = [`${printReference(tagged)}${broken}`];
      if (found === undefined) return { looked: tags };
      const annotations = found.manifest?.content.annotations;
      return {
        looked: tags,
        located: {
          ...nameOf(image),
          reference: printReference(found.reference),
          source: found.source,
          foundBy: found.foundBy,
          key: image.key,
          revision: annotations?.["org.opencontainers.image.revision"] ?? null,
        },
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
      wanted.map(async (image) => {
        const reference = withTag(source.repositoryOf(image.name), tag);
        const looked = [printReference(reference)];
        const manifest = await place.registry.get(reference);
        if (manifest === undefined) return { looked };
        const { annotations } = manifest.content;
        return {
          looked,
          located: {
            ...nameOf(image),
            reference: printReference(withDigest(reference, manifest.descriptor.digest)),
            source: source.kind,
            foundBy: "tag" as const,
            key: keyOfTag(annotations["berth.key"]) ?? null,
            revision: annotations["org.opencontainers.image.revision"] ?? null,
          },
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
  const located = images.flatMap((image) => {
    const recorded = record.images.get(image.name);
    if (recorded === undefined || recorded.kind === "missing") return [];
    const reference =
      recorded.kind === "own"
        ? withDigest(source.repositoryOf(image.name), recorded.digest)
        : recorded.reference;
    return [
      {
        ...nameOf(image),
        reference: printReference(reference),
        source: recorded.kind === "own" ? source.kind : ("upstream" as const),
        foundBy: "pipeline" as const,
        key: null,
        revision: record.revision ?? null,
      },
    ];
  });
  return {
    located: new Map(located.map((one) => [one.name, one])),
    looked: [where],
    troubles: [],
  };
}

function nameOf({ name, platform }: Image): Pick<Located, "name" | "platform"> {
  return { name, platform };
}

interface Look {
  readonly looked: readonly string[];
  readonly located?: Located;
}

/** Asks one source after the other for what the ones before did not have. */
async function throughSources<I extends Image>(
  images: readonly I[],
  { sources }: SearchScope,
  look: (source: Source, wanted: readonly I[]) => Promise<readonly Look[]>,
): Promise<Search> {
  const located = new Map<string, Located>();
  const looked: string[] = [];
  const troubles: BerthError[] = [];
  for (const source of sources) {
    const wanted = images.filter(({ name }) => !located.has(name));
    if (wanted.length === 0) break;
    try {
      for (const seen of await look(source, wanted)) {
        if (seen.located === undefined) looked.push(...seen.looked);
        else located.set(seen.located.name, seen.located);
      }
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      troubles.push(error);
    }
  }
  return { located, looked, troubles };
}

/** What a user asked for. */
export interface Wanted {
  readonly rev?: string;
  readonly tag?: string;
  readonly pipeline?: string;
}

/** Throws where images were not found; what kept berth from looking is said before anything else. */
export function requireAll(names: readonly string[], wanted: Wanted, search: Search): void {
  const missing = names.filter((name) => !search.located.has(name));
  if (missing.length === 0) return;
  const [trouble] = search.troubles;
  if (trouble !== undefined) throw trouble;
  const list = missing.join(", ");
  throw new BerthError("IMAGE_ABSENT", `find ${list} ${whatOf(wanted)}: ${whereText(search)}`, {
    hint: search.looked.length === 0 ? noPlace : hintOf(wanted),
  });
}

const noPlace =
  "give --registry host/path, or set `registry` or `upstream` in berth.yml, so that it is known where to look";

function whatOf({ rev, tag, pipeline }: Wanted): string {
  if (pipeline !== undefined) return `of pipeline ${pipeline}`;
  if (tag !== undefined) return `tagged ${tag}`;
  return rev === undefined ? "of the working tree" : `of ${rev}`;
}

/** A few places are enough for a person. */
export function whereText({ looked }: Pick<Search, "looked">): string {
  if (looked.length === 0) return "no registry is known";
  const shown = looked.slice(0, 3);
  const more =
    looked.length > shown.length ? ` and ${looked.length - shown.length} other places` : "";
  return `it is not at ${shown.join(" nor at ")}${more}`;
}

function hintOf({ rev, tag, pipeline }: Wanted): string {
  if (pipeline !== undefined) {
    return "only a pipeline that published or refreshed images is on record; for another give its commit with --rev";
  }
  if (tag !== undefined)
    return "give a tag that the image has, such as one of `publish` in berth.yml";
  const others =
    rev === undefined
      ? "or run another one with --rev or --tag latest"
      : "or run another one with --tag";
  return `commit and push so that a pipeline builds it, or build it with --build (berth ensure builds all), ${others}`;
}
