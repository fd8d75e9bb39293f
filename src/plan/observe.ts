/** All registry reads that decisions are made from: the set record first, single images where it is unknown. */
import { BerthError } from "../errors.ts";
import { type KeyedImage, ownTags, setIdOf } from "../image/key.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import {
  below,
  printReference,
  printRepository,
  type Reference,
  type Repository,
  withDigest,
  withTag,
} from "../oci/reference.ts";
import type { Registry } from "../registry/registry.ts";
import type { Adopted } from "./adopt.ts";
import { repositoryOf, type Source } from "./places.ts";
import type { FoundBy } from "./plan.ts";
import {
  parseRecord,
  type RecordedImage,
  recordReference,
  recordRepositoryName,
  type SetRecord,
} from "./record.ts";

/** A reference at which an image of the wanted key was found. */
export interface Sighting {
  readonly kind: "found";
  readonly source: Source["kind"];
  readonly reference: Reference & { readonly digest: Digest };
  readonly foundBy: FoundBy;
  /** Did a trusted pipeline write it, as its tag says? */
  readonly trusted: boolean;
  /** The manifest, where the look brought it along. */
  readonly manifest: Manifest | undefined;
  /** Who built what no trusted pipeline did, where that is proven. */
  readonly adopted?: Adopted;
}

/** A tag of the wanted key whose image is not whole. */
export interface BrokenSighting {
  readonly kind: "broken";
  readonly reference: string;
  readonly missing: "config";
}

export interface Observation {
  /** The record that was found, and where. */
  readonly record:
    | { readonly source: Source; readonly reference: string; readonly content: SetRecord }
    | undefined;
  /** What was seen of each image, in order of preference. */
  readonly sightings: ReadonlyMap<string, readonly (Sighting | BrokenSighting)[]>;
  /** Bases that were asked, for the reason of a miss. */
  readonly looked: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Looks for a set: one GET answers for all images where its record is known, otherwise one GET and one
 * HEAD for each image and source, in parallel.
 *
 * `records: "upstream"` looks at every image of the own registry although its record is there: upstream may
 * have come to have them since. A source that may not be read is left out with a warning, so that a private upstream costs builds and
 * not the pipeline; an outage is an error.
 */
export async function observe(
  images: readonly KeyedImage[],
  sources: readonly Source[],
  template: string,
  registry: Registry,
  { records = "all" }: { readonly records?: "all" | "upstream" } = {},
): Promise<Observation> {
  const warnings: string[] = [];
  const looked: string[] = [];
  const readable: Source[] = [];
  const tag = ownTags.set(setIdOf(images));
  announceReads(images, sources, template, registry);
  for (const source of sources) {
    const reference = recordReference(source.base, tag);
    const manifest = await unlessDenied(source, warnings, () => registry.get(reference));
    if (manifest === "denied") continue;
    readable.push(source);
    looked.push(printRepository(source.base));
    const content =
      manifest === undefined ? undefined : parseRecord(manifest, printReference(reference));
    if (content === undefined || !namesAll(content, images)) continue;
    if (records === "upstream" && source.kind === "own") continue;
    const sightings = new Map(
      images.map((image) => [
        image.name,
        recorded(source, template, image.name, content.images[image.name]),
      ]),
    );
    const record = { source, reference: printReference(reference), content };
    const late = await lookFor(
      images.filter(({ name }) => sightings.get(name)?.length === 0),
      [source],
      template,
      registry,
    );
    return { record, sightings: new Map([...sightings, ...late]), looked, warnings };
  }
  return {
    record: undefined,
    sightings: await lookFor(images, readable, template, registry),
    looked,
    warnings,
  };
}

/** Announces all that a look may read; it needs no keys, so the token can be there before them. */
export function announceReads(
  images: readonly Pick<KeyedImage, "name">[],
  sources: readonly Source[],
  template: string,
  registry: Pick<Registry, "announce" | "prepare">,
): void {
  for (const { base } of sources) {
    const repositories = images.map(({ name }) => repositoryOf(base, template, name));
    registry.announce("pull", [below(base, recordRepositoryName), ...repositories]);
  }
  const first = sources[0];
  if (first !== undefined) registry.prepare("pull", below(first.base, recordRepositoryName));
}

/** The sighting that a decision goes by. */
export function foundOf({ sightings }: Observation, name: string): Sighting | undefined {
  return sightings.get(name)?.find((sighting) => sighting.kind === "found");
}

async function unlessDenied<T>(
  source: Source,
  warnings: string[],
  read: () => Promise<T>,
): Promise<T | "denied"> {
  try {
    return await read();
  } catch (error) {
    const denied = error instanceof BerthError && error.code === "REGISTRY_DENIED";
    if (!denied || source.kind === "own") throw error;
    warnings.push(
      `${printRepository(source.base)} may not be read (${error.message}); its images are built here instead. ` +
        "If that project is private, let it allow this project's job tokens (Settings, CI/CD, Job token permissions); " +
        "if it has another name than this one, give `upstream` its full path.",
    );
    return "denied";
  }
}

function namesAll(record: SetRecord, images: readonly KeyedImage[]): boolean {
  return images.every(({ name }) => record.images[name] !== undefined);
}

function recorded(
  source: Source,
  template: string,
  name: string,
  image: RecordedImage | undefined,
): readonly Sighting[] {
  if (image === undefined || image.kind === "missing") return [];
  const shared = {
    kind: "found",
    foundBy: "set-record",
    trusted: true,
    manifest: undefined,
  } as const;
  if (image.kind === "elsewhere")
    return [{ ...shared, source: "upstream", reference: image.reference }];
  const reference = {
    ...withDigest(repositoryOf(source.base, template, name), image.digest),
    digest: image.digest,
  };
  return [{ ...shared, source: source.kind, reference }];
}

async function lookFor(
  images: readonly KeyedImage[],
  sources: readonly Source[],
  template: string,
  registry: Registry,
): Promise<Map<string, readonly (Sighting | BrokenSighting)[]>> {
  const seen = await Promise.all(
    images.map(async (image) => {
      const found: (Sighting | BrokenSighting)[] = [];
      for (const source of sources) {
        const sighting = await lookAt(image, source, template, registry);
        if (sighting !== undefined) found.push(sighting);
        if (sighting?.kind === "found") break;
      }
      return [image.name, found] as const;
    }),
  );
  return new Map(seen);
}

async function lookAt(
  image: KeyedImage,
  source: Source,
  template: string,
  registry: Registry,
): Promise<Sighting | BrokenSighting | undefined> {
  const repository = repositoryOf(source.base, template, image.name);
  for (const tag of source.tagsOf(image.key)) {
    const reference = withTag(repository, tag);
    const manifest = await registry.get(reference);
    if (manifest === undefined) continue;
    const { descriptor } = manifest;
    if (!(await isWhole(manifest, repository, registry)))
      return { kind: "broken", reference: printReference(reference), missing: "config" };
    const pinned = { ...withDigest(repository, descriptor.digest), digest: descriptor.digest };
    const trusted = tag === ownTags.key(image.key);
    return {
      kind: "found",
      source: source.kind,
      reference: pinned,
      foundBy: "key-tag",
      trusted,
      manifest,
    };
  }
  return undefined;
}

/** Whether an image's config is still there beside its manifest; an index has none of its own. */
export async function isWhole(
  { content }: Manifest,
  repository: Repository,
  registry: Pick<Registry, "hasBlob">,
): Promise<boolean> {
  return content.kind === "index" || registry.hasBlob(repository, content.config.digest);
}
