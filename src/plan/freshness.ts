/**
 * What is looked up where an image that is there may be built again all the same: how it was made, what its bases are
 * today, what git knows of a merge, and the members of its index. Nothing is asked where nothing wants to know.
 */
import type { Config, RefreshSettings } from "../config/config.ts";
import { ifPossible } from "../errors.ts";
import { imageOf, isIndex, isMember } from "../image/image.ts";
import type { KeyedImage } from "../image/key.ts";
import { type Annotations, childFor } from "../oci/manifest.ts";
import { parseReference, withDigest } from "../oci/reference.ts";
import type { Registry } from "../registry/registry.ts";
import { lookFor, readerOf } from "./look.ts";
import { foundOf, type Observation, type Sighting } from "./observe.ts";
import type { Source } from "./places.ts";
import { isForced, type Merge, type Situation } from "./situation.ts";

/** What was looked up for the decision; nothing where nothing asks. */
export interface Freshness {
  readonly now: Date;
  /** By name of the image. */
  readonly origins: ReadonlyMap<string, ImageOrigin>;
  /** The images that were believed to be there and are not. */
  readonly gone: ReadonlySet<string>;
  /**
   * What the tags of bases point at today, by name of the base; none where its registry cannot be asked. By
   * `name@digest` what has that digest still, as a part of what the tag points at.
   */
  readonly bases: ReadonlyMap<string, string>;
  /** The head of the branch that is merged into. */
  readonly target: string | undefined;
  /** Revisions that have it in their history. */
  readonly onTarget: ReadonlySet<string>;
}

/** What asks for freshness, where anything does. */
export interface RefreshAsked {
  readonly situation: Situation;
  readonly config: Pick<Config, "refresh">;
}

/** The policy where it applies: pipelines of upstream, scheduled or on protected branches. */
export function refreshPolicy(
  situation: Situation,
  { refresh }: Pick<Config, "refresh">,
): RefreshSettings | undefined {
  const { ci, role, scheduled } = situation;
  if (refresh === undefined || !ci || role !== "upstream") return undefined;
  const applies = scheduled || (refresh.in === "protected" && situation.protected);
  return applies ? refresh : undefined;
}

/** In a merge only what upstream made may be of any age. */
export function needsTarget({ source }: Sighting, { role }: Situation): boolean {
  return source !== "upstream" && role !== "upstream";
}

/** What git knows of a merge. */
export interface MergeHistory {
  /** The head of the branch that is merged into; `undefined` where it cannot be had. */
  target(merge: Merge): Promise<string | undefined>;
  /** Whether `ancestor` is in the history of `descendant`; `undefined` where that cannot be told. */
  isAncestor(ancestor: string, descendant: string): Promise<boolean | undefined>;
}

/** Whether it depends on how an image was made whether it is made again. */
function isOriginAsked(sighting: Sighting, { situation, config }: RefreshAsked): boolean {
  const isMerged = situation.merge !== undefined && needsTarget(sighting, situation);
  return isMerged || refreshPolicy(situation, config) !== undefined;
}

/** Where it is asked, and who is. */
interface FreshnessAsked extends RefreshAsked {
  readonly registry: Pick<Registry, "get" | "head">;
  readonly history: MergeHistory;
  readonly now: Date;
}

/**
 * Reads what the images that were sighted say of their origin, and what their bases are today: one GET
 * for each image that a merge or the policy asks about, one HEAD for each distinct base.
 */
export async function lookAtFreshness(
  images: readonly Pick<KeyedImage, "name" | "platform">[],
  observation: Observation,
  { situation, config, registry, history, now }: FreshnessAsked,
): Promise<Freshness> {
  const policy = refreshPolicy(situation, config);
  const asked = images.flatMap((image) => {
    const { name } = image;
    if (isIndex(image)) return [];
    const sighting = foundOf(observation, name);
    const isAsked = sighting && isOriginAsked(sighting, { situation, config });
    return isAsked === true ? [{ name, sighting }] : [];
  });
  const origins = new Map<string, ImageOrigin>();
  const gone = new Set<string>();
  await Promise.all(
    asked.map(async ({ name, sighting }) => {
      const manifest = sighting.manifest ?? (await registry.get(sighting.reference));
      if (manifest === undefined) gone.add(name);
      else origins.set(name, originOf(manifest.content.annotations));
    }),
  );
  const all = [...origins.values()];
  const [bases, merge] = await Promise.all([
    policy?.followBases === true ? lookAtBases(origins, registry) : new Map<string, string>(),
    lookAtMerge(situation.merge, all, history),
  ]);
  return { now, origins, gone, bases, ...merge };
}

async function lookAtBases(
  origins: Freshness["origins"],
  registry: Pick<Registry, "get" | "head">,
): Promise<ReadonlyMap<string, string>> {
  const all = [...origins].flatMap(([image, { bases }]) =>
    bases.map((base) => ({ ...base, isPart: isMember(image) })),
  );
  const found = new Map<string, string>();
  await Promise.all(
    [...Map.groupBy(all, ({ name }) => name)].map(async ([name, bases]) => {
      // A base whose registry is away is no reason to build, and none to fail.
      const current = await ifPossible(registry.head(parseReference(name)));
      if (current === undefined) return;
      found.set(name, current.digest);
      const parts = bases.filter(({ isPart, digest }) => isPart && digest !== current.digest);
      if (parts.length === 0) return;
      const whole = await ifPossible(
        registry.get(withDigest(parseReference(name), current.digest)),
      );
      const children = whole?.content.kind === "index" ? whole.content.manifests : [];
      for (const { digest } of children)
        if (parts.some((part) => part.digest === digest)) found.set(`${name}@${digest}`, digest);
    }),
  );
  return found;
}

async function lookAtMerge(
  merge: Merge | undefined,
  origins: readonly ImageOrigin[],
  history: MergeHistory,
): Promise<Pick<Freshness, "target" | "onTarget">> {
  const revisions = new Set(origins.flatMap(({ revision }) => revision ?? []));
  if (merge === undefined || revisions.size === 0)
    return { target: undefined, onTarget: new Set() };
  const target = await history.target(merge);
  const onTarget = new Set<string>();
  if (target === undefined) return { target, onTarget };
  for (const revision of revisions)
    if ((await history.isAncestor(target, revision)) === true) onTarget.add(revision);
  return { target, onTarget };
}

/** What an image says of how it was made. */
export interface ImageOrigin {
  readonly created: string | undefined;
  readonly revision: string | undefined;
  /** The bases that it was built from, as its Dockerfile names them, and their digests at that time. */
  readonly bases: readonly { readonly name: string; readonly digest: string }[];
}

/** The annotation that names every base with its digest, separated by blanks. */
export const basesAnnotation = "berth.bases";

/** Reads what `annotationsOf` wrote. */
export function originOf(annotations: Annotations): ImageOrigin {
  const bases = (annotations[basesAnnotation] ?? "").split(" ").flatMap((text) => {
    const at = text.lastIndexOf("@");
    return at <= 0 ? [] : [{ name: text.slice(0, at), digest: text.slice(at + 1) }];
  });
  return {
    created: annotations["org.opencontainers.image.created"],
    revision: annotations["org.opencontainers.image.revision"],
    bases,
  };
}

/**
 * Looks for members where their image is to be made: by their keys where it is nowhere, and as the indexes name them
 * where images may be made again, for what is built upon such is made again too. Otherwise it asks nothing. Leaves out
 * the members of which nothing is to be known.
 */
export async function withMembers(
  images: readonly KeyedImage[],
  observation: Observation,
  sources: readonly Source[],
  asked: RefreshAsked & { readonly registry: Registry },
): Promise<{ readonly images: readonly KeyedImage[]; readonly observation: Observation }> {
  const { registry } = asked;
  const indexes = images.filter(isIndex);
  const found = (image: KeyedImage) => foundOf(observation, image.name);
  const isAsked = images.some((image) => {
    const sighting = found(image);
    const isWanted = isForced(asked.situation.wishes, image.name);
    return sighting !== undefined && (isWanted || isOriginAsked(sighting, asked));
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
