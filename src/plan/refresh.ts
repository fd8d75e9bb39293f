/**
 * Whether an image that is there is to be built again all the same: what is asked for that, and what follows.
 * Nothing is asked where nothing wants to know.
 */
import type { Config, RefreshSettings } from "../config/config.ts";
import { BerthError } from "../errors.ts";
import type { KeyedImage } from "../image/key.ts";
import type { Annotations } from "../oci/manifest.ts";
import { parseReference } from "../oci/reference.ts";
import type { Registry } from "../registry/registry.ts";
import { foundOf, type Observation, type Sighting } from "./observe.ts";
import type { RefreshReason, ScratchReason } from "./plan.ts";
import type { Merge, Situation } from "./situation.ts";
import { isForced } from "./wishes.ts";

/** What an image says of how it was made. */
export interface ImageOrigin {
  readonly created: string | undefined;
  readonly revision: string | undefined;
  /** The bases that it was built from, as its Dockerfile names them, and their digests at that time. */
  readonly bases: readonly { readonly name: string; readonly digest: string }[];
}

/** What was looked up for the decision; nothing where nothing asks. */
export interface Freshness {
  readonly now: Date;
  /** By name of the image. */
  readonly origins: ReadonlyMap<string, ImageOrigin>;
  /** What the tags of bases point at today, by name of the base; none where its registry cannot be asked. */
  readonly bases: ReadonlyMap<string, string>;
  /** The head of the branch that is merged into. */
  readonly target: string | undefined;
  /** Revisions that have it in their history. */
  readonly onTarget: ReadonlySet<string>;
}

const millisecondsPerDay = 24 * 60 * 60 * 1000;

/** What is asked beside the image itself. */
export interface RefreshTerms {
  readonly situation: Situation;
  readonly config: Pick<Config, "refresh">;
  readonly fresh: Freshness;
}

/** Why an image that was sighted is built again; `undefined` where it is used as it is. */
export function refreshReasonOf(
  image: Pick<KeyedImage, "name">,
  sighting: Sighting,
  { situation, config, fresh }: RefreshTerms,
): RefreshReason | undefined {
  if (isForced(situation.wishes, image.name)) return { code: "forced" };
  const origin = fresh.origins.get(image.name);
  const { merge } = situation;
  if (merge !== undefined && needsTarget(sighting, situation)) {
    const reason = mergeReason(merge, origin, fresh);
    if (reason !== undefined) return reason;
  }
  const policy = refreshPolicy(situation, config);
  if (policy === undefined || origin === undefined) return undefined;
  return ageReason(origin, policy, fresh) ?? baseReason(origin, policy, fresh);
}

/**
 * Why an image that nobody has is built without a layer cache: in a merge the layers at hand may be as old
 * as the branch, and in a fork they are layers that upstream never reads.
 */
export function scratchReasonOf(
  { name }: Pick<KeyedImage, "name">,
  { wishes, merge }: Pick<Situation, "wishes" | "merge">,
): ScratchReason | undefined {
  if (isForced(wishes, name)) return { code: "forced" };
  return merge && { code: "merge", because: merge.because };
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
export function needsTarget({ source }: Sighting, { role }: Pick<Situation, "role">): boolean {
  return source !== "upstream" && role !== "upstream";
}

function mergeReason(
  { because }: Merge,
  origin: ImageOrigin | undefined,
  { target, onTarget }: Freshness,
): RefreshReason | undefined {
  const revision = origin?.revision;
  if (target !== undefined && revision !== undefined && onTarget.has(revision)) return undefined;
  return { code: "merge", because, revision: revision ?? null, target: target ?? null };
}

function ageReason(
  { created }: ImageOrigin,
  { maxAge }: RefreshSettings,
  { now }: Freshness,
): RefreshReason | undefined {
  const time = Date.parse(created ?? "");
  if (maxAge === undefined || created === undefined || Number.isNaN(time)) return undefined;
  const isOld = now.getTime() - time > maxAge * millisecondsPerDay;
  return isOld ? { code: "max-age", created, days: maxAge } : undefined;
}

function baseReason(
  { bases }: ImageOrigin,
  { followBases }: RefreshSettings,
  fresh: Freshness,
): RefreshReason | undefined {
  if (!followBases) return undefined;
  for (const { name, digest } of bases) {
    const today = fresh.bases.get(name);
    if (today !== undefined && today !== digest)
      return { code: "base-moved", base: name, from: digest, to: today };
  }
  return undefined;
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

/** What git knows of a merge. */
export interface MergeHistory {
  /** The head of the branch that is merged into; `undefined` where it cannot be had. */
  target(merge: Merge): Promise<string | undefined>;
  /** Whether `ancestor` is in the history of `descendant`; `undefined` where that cannot be told. */
  isAncestor(ancestor: string, descendant: string): Promise<boolean | undefined>;
}

/** Where it is asked, and who is. */
export interface FreshnessAsked {
  readonly situation: Situation;
  readonly config: Pick<Config, "refresh">;
  readonly registry: Pick<Registry, "get" | "head">;
  readonly history: MergeHistory;
  readonly now: Date;
}

/**
 * Reads what the images that were sighted say of their origin, and what their bases are today: one GET
 * for each image that a merge or the policy asks about, one HEAD for each distinct base.
 */
export async function lookAtFreshness(
  images: readonly Pick<KeyedImage, "name">[],
  observation: Observation,
  { situation, config, registry, history, now }: FreshnessAsked,
): Promise<Freshness> {
  const policy = refreshPolicy(situation, config);
  const isAsked = (sighting: Sighting): boolean =>
    policy !== undefined || (situation.merge !== undefined && needsTarget(sighting, situation));
  const asked = images.flatMap(({ name }) => {
    const sighting = foundOf(observation, name);
    return sighting !== undefined && isAsked(sighting) ? [{ name, sighting }] : [];
  });
  const origins = new Map<string, ImageOrigin>();
  await Promise.all(
    asked.map(async ({ name, sighting }) => {
      const manifest = sighting.manifest ?? (await registry.get(sighting.reference));
      if (manifest !== undefined) origins.set(name, originOf(manifest.content.annotations));
    }),
  );
  const all = [...origins.values()];
  const [bases, merge] = await Promise.all([
    policy?.followBases === true ? lookAtBases(all, registry) : new Map<string, string>(),
    lookAtMerge(situation.merge, all, history),
  ]);
  return { now, origins, bases, ...merge };
}

async function lookAtBases(
  origins: readonly ImageOrigin[],
  registry: Pick<Registry, "head">,
): Promise<ReadonlyMap<string, string>> {
  const names = new Set(origins.flatMap(({ bases }) => bases.map(({ name }) => name)));
  const found = new Map<string, string>();
  await Promise.all(
    [...names].map(async (name) => {
      // A base whose registry is away is no reason to build, and none to fail.
      const current = await headOf(name, registry);
      if (current !== undefined) found.set(name, current);
    }),
  );
  return found;
}

async function headOf(name: string, registry: Pick<Registry, "head">): Promise<string | undefined> {
  try {
    return (await registry.head(parseReference(name)))?.digest;
  } catch (error) {
    if (error instanceof BerthError) return undefined;
    throw error;
  }
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
