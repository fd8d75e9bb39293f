/** Single looks into a registry: whether what a record says is there, and what stands under a key's tags. */
import { BerthError } from "../errors.ts";
import { type KeyedImage, ownTags } from "../image/key.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import {
  isInside,
  printReference,
  printRepository,
  type Reference,
  type Repository,
  withDigest,
  withTag,
} from "../oci/reference.ts";
import type { Registry } from "../registry/registry.ts";
import type { Source } from "./places.ts";
import type { FoundBy } from "./plan.ts";
import { isYoung, type RecordedImage, type SetRecord } from "./record.ts";

/** A reference at which an image of the wanted key was found. */
export interface Sighting {
  readonly kind: "found";
  readonly source: Source["kind"];
  readonly reference: Reference & { readonly digest: Digest };
  readonly foundBy: FoundBy;
  /** The manifest, where the look brought it along. */
  readonly manifest: Manifest | undefined;
  /** It is in the repository of another image of the set that has the same key. */
  readonly isTwin?: boolean;
}

/** A tag of the wanted key whose image is not whole. */
export interface BrokenSighting {
  readonly kind: "broken";
  readonly reference: string;
  readonly missing: "config" | "manifests";
}

export type Sightings = ReadonlyMap<string, readonly (Sighting | BrokenSighting)[]>;

/** Asks registries, and leaves out what may not be read from its first refusal on. */
export interface Reader {
  read<T>(
    source: Pick<Source, "kind" | "base">,
    ask: (registry: Registry) => Promise<T | undefined>,
  ): Promise<T | undefined>;
  isDenied(source: Source): boolean;
  warnings(): readonly string[];
}

export function readerOf(registry: Registry): Reader {
  const denied = new Map<string, string>();
  return {
    async read(source, ask) {
      const base = printRepository(source.base);
      if (denied.has(base)) return undefined;
      try {
        return await ask(registry);
      } catch (error) {
        const isDenied = error instanceof BerthError && error.code === "REGISTRY_DENIED";
        if (!isDenied || source.kind === "own") throw error;
        denied.set(base, error.message);
        return undefined;
      }
    },
    isDenied: ({ base }) => denied.has(printRepository(base)),
    warnings: () => [...denied].map(deniedWarning),
  };
}

/**
 * What a record says, as far as it is there. An image that has lost the set's tag to a cleanup counts as one whose key
 * was found, so that it is tagged anew.
 */
export async function believe(
  record: SetRecord,
  source: Source,
  reader: Reader,
  { images, now }: { readonly images: readonly KeyedImage[]; readonly now: Date },
): Promise<Sightings> {
  const isOld = !isYoung(record, now);
  const seen = images.map(async ({ name }) => {
    const recorded = record.images.get(name);
    const sighting = recorded && sightingOf(recorded, source, name);
    if (sighting === undefined) return [];
    const { reference, source: kind } = sighting;
    if (!isOld && recorded?.kind === "own") return [[name, [sighting]] as const];
    const place = kind === source.kind ? source : { kind, base: reference };
    const head = (at: Reference) => reader.read(place, (registry) => registry.head(at));
    const tag = recorded?.kind === "own" ? record.tag : undefined;
    const tagged = tag === undefined ? undefined : await head(withTag(reference, tag));
    if (tagged?.digest === reference.digest) return [[name, [sighting]] as const];
    if ((await head(reference)) === undefined) return [];
    const isUntagged = tag !== undefined && tagged === undefined;
    const foundBy = isUntagged ? "key-tag" : sighting.foundBy;
    return [[name, [{ ...sighting, foundBy }]] as const];
  });
  return new Map((await Promise.all(seen)).flat());
}

/** Looks for keys, in upstream first: what it has refreshed is what a copy of before then gives way to. */
export async function lookFor(
  images: readonly KeyedImage[],
  sources: readonly Source[],
  reader: Reader,
): Promise<Sightings> {
  const isUpstream = ({ kind }: Source) => Number(kind === "upstream");
  const upstreamFirst = sources.toSorted((one, other) => isUpstream(other) - isUpstream(one));
  const seen = images.map(async (image) => {
    const found: (Sighting | BrokenSighting)[] = [];
    for (const source of upstreamFirst) {
      const sighting = await reader.read(source, (registry) => sightingAt(image, source, registry));
      if (sighting !== undefined) found.push(sighting);
      if (sighting?.kind === "found") break;
    }
    return [image.name, found] as const;
  });
  return new Map(await Promise.all(seen));
}

function deniedWarning([base, why]: readonly [string, string]): string {
  return (
    `${base} may not be read (${why}); its images are built here instead. ` +
    "If that project is private, let it allow this project's job tokens (Settings, CI/CD, Job token permissions); " +
    "if it has another name than this one, give `upstream` its full path."
  );
}

function sightingOf(image: RecordedImage, source: Source, name: string): Sighting | undefined {
  if (image.kind === "missing") return undefined;
  const shared = { kind: "found", foundBy: "set-record", manifest: undefined } as const;
  if (image.kind === "elsewhere") {
    // A record speaks for its own registry, and for the other one that its set's id covers.
    if (source.upstream === undefined || !isInside(image.reference, source.upstream))
      return undefined;
    return { ...shared, source: "upstream", reference: image.reference };
  }
  const { digest } = image;
  const reference = { ...withDigest(source.repositoryOf(name), digest), digest };
  return { ...shared, source: source.kind, reference };
}

async function sightingAt(
  { name, key }: KeyedImage,
  { kind: source, repositoryOf }: Source,
  registry: Registry,
): Promise<Sighting | BrokenSighting | undefined> {
  const reference = withTag(repositoryOf(name), ownTags.key(key));
  const manifest = await registry.get(reference);
  if (manifest === undefined) return undefined;
  if (!(await isWhole(manifest, reference, registry))) {
    const missing = manifest.content.kind === "index" ? "manifests" : "config";
    return { kind: "broken", reference: printReference(reference), missing };
  }
  const { digest } = manifest.descriptor;
  const pinned = { ...withDigest(reference, digest), digest };
  return { kind: "found", source, reference: pinned, foundBy: "key-tag", manifest };
}

/** Whether anything was put into a repository. */
export async function hasTags(
  repository: Repository,
  registry: Pick<Registry, "tags">,
): Promise<boolean> {
  for await (const tags of registry.tags(repository)) if (tags.length > 0) return true;
  return false;
}

/** Whether an image's config is still there beside its manifest; of an index, the manifests that it names. */
export async function isWhole(
  { content }: Manifest,
  repository: Repository,
  registry: Pick<Registry, "hasBlob" | "head">,
): Promise<boolean> {
  if (content.kind === "image") return registry.hasBlob(repository, content.config.digest);
  const children = content.manifests.map(({ digest }) =>
    registry.head(withDigest(repository, digest)),
  );
  return (await Promise.all(children)).every((child) => child !== undefined);
}
