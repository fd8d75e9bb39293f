/** What is known of the members of images of several platforms; nothing is asked where nothing wants to know. */
import type { KeyedImage } from "../image/key.ts";
import { imageOf, isIndex, isMember } from "../image/platforms.ts";
import { childFor } from "../oci/manifest.ts";
import { withDigest } from "../oci/reference.ts";
import type { Registry } from "../registry/registry.ts";
import { lookFor, readerOf, type Sighting } from "./look.ts";
import { foundOf, type Observation } from "./observe.ts";
import type { Source } from "./places.ts";
import { isFreshnessAsked, type RefreshAsked } from "./refresh.ts";

/** An observation with members, and the images without the members of which nothing is to be known. */
interface Seen {
  readonly images: readonly KeyedImage[];
  readonly observation: Observation;
}

/**
 * Looks for members where their image is to be made: by their keys where it is nowhere, and as the indexes name them
 * where images may be made again, for what is built upon such is made again too. Otherwise it asks nothing.
 */
export async function withMembers(
  images: readonly KeyedImage[],
  observation: Observation,
  sources: readonly Source[],
  asked: RefreshAsked & { readonly registry: Registry },
): Promise<Seen> {
  const { registry } = asked;
  const indexes = images.filter(isIndex);
  const found = (image: KeyedImage) => foundOf(observation, image.name);
  const isAsked = images.some((image) => {
    const sighting = found(image);
    return sighting !== undefined && isFreshnessAsked(image.name, sighting, asked);
  });
  const absent = indexes.filter((index) => found(index) === undefined);
  const there = isAsked ? indexes.filter((index) => found(index) !== undefined) : [];
  const [late, named] = await Promise.all([
    lookFor(membersOf(absent, images), sources, readerOf(registry)),
    Promise.all(there.map((index) => namedBy(found(index), membersOf([index], images), registry))),
  ]);
  const members = new Map([...late, ...named.flat()]);
  return {
    images: images.filter(({ name }) => !isMember(name) || members.has(name)),
    observation: { ...observation, sightings: new Map([...observation.sightings, ...members]) },
  };
}

function membersOf(
  indexes: readonly KeyedImage[],
  images: readonly KeyedImage[],
): readonly KeyedImage[] {
  const names = new Set(indexes.map(({ name }) => name));
  return images.filter(({ name }) => isMember(name) && names.has(imageOf(name)));
}

/** The members that an index names; none where it has gone meanwhile. */
async function namedBy(
  found: Sighting | undefined,
  members: readonly KeyedImage[],
  registry: Registry,
): Promise<readonly (readonly [string, readonly Sighting[]])[]> {
  const manifest = found?.manifest ?? (found && (await registry.get(found.reference)));
  if (found === undefined || manifest === undefined) return [];
  return members.map(({ name, platform }) => {
    const digest = childFor(manifest, platform)?.digest;
    const reference = digest && { ...withDigest(found.reference, digest), digest };
    return [name, reference ? [{ ...found, reference, manifest: undefined }] : []] as const;
  });
}
