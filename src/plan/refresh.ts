/**
 * Whether an image that is there is to be built again all the same: what is asked for that, and what follows.
 * Nothing is asked where nothing wants to know.
 */
import type { Config, RefreshSettings } from "../config/config.ts";
import { ifPossible } from "../errors.ts";
import type { KeyedImage } from "../image/key.ts";
import { isIndex, isMember } from "../image/platforms.ts";
import { parseReference, withDigest } from "../oci/reference.ts";
import type { Registry } from "../registry/registry.ts";
import { foundOf, type Observation, type Sighting } from "./observe.ts";
import { type ImageOrigin, originOf } from "./origin.ts";
import type { RefreshReason, ScratchReason } from "./plan.ts";
import type { Merge, Situation } from "./situation.ts";
import { isForced } from "./wishes.ts";

/** What was looked up for the decision; nothing where nothing asks. */
export interface Freshness {
  readonly now: Date;
  /** By name of the image. */
  readonly origins: ReadonlyMap<string, ImageOrigin>;
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

const millisecondsPerDay = 24 * 60 * 60 * 1000;

/** What asks for freshness, where anything does. */
export interface RefreshAsked {
  readonly situation: Situation;
  readonly config: Pick<Config, "refresh">;
}

/** Why an image that was sighted is built again; `undefined` where it is used as it is. */
export function refreshReasonOf(
  image: Pick<KeyedImage, "name" | "platform">,
  sighting: Sighting,
  { situation, config, fresh }: RefreshAsked & { readonly fresh: Freshness },
): RefreshReason | undefined {
  // An index is as fresh as its members.
  if (isIndex(image)) return undefined;
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
    const today = fresh.bases.get(`${name}@${digest}`) ?? fresh.bases.get(name);
    if (today !== undefined && today !== digest)
      return { code: "base-moved", base: name, from: digest, to: today };
  }
  return undefined;
}

/** What git knows of a merge. */
export interface MergeHistory {
  /** The head of the branch that is merged into; `undefined` where it cannot be had. */
  target(merge: Merge): Promise<string | undefined>;
  /** Whether `ancestor` is in the history of `descendant`; `undefined` where that cannot be told. */
  isAncestor(ancestor: string, descendant: string): Promise<boolean | undefined>;
}

/** Whether anything may make an image again that was sighted. */
export function isFreshnessAsked(name: string, sighting: Sighting, asked: RefreshAsked): boolean {
  return isForced(asked.situation.wishes, name) || isOriginAsked(sighting, asked);
}

/** Whether that depends on how it was made. */
function isOriginAsked(sighting: Sighting, { situation, config }: RefreshAsked): boolean {
  const isMerged = situation.merge !== undefined && needsTarget(sighting, situation);
  return isMerged || refreshPolicy(situation, config) !== undefined;
}

/** Where it is asked, and who is. */
export interface FreshnessAsked extends RefreshAsked {
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
  await Promise.all(
    asked.map(async ({ name, sighting }) => {
      const manifest = sighting.manifest ?? (await registry.get(sighting.reference));
      if (manifest !== undefined) origins.set(name, originOf(manifest.content.annotations));
    }),
  );
  const all = [...origins.values()];
  const [bases, merge] = await Promise.all([
    policy?.followBases === true ? lookAtBases(origins, registry) : new Map<string, string>(),
    lookAtMerge(situation.merge, all, history),
  ]);
  return { now, origins, bases, ...merge };
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
