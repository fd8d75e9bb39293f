/** How each image is to be had; pure, so that later jobs may trust the plan. */
import type { Config, RefreshSettings } from "../config/config.ts";
import { imageOf, isIndex, isMember, parentsFirst } from "../image/image.ts";
import type { KeyedImage } from "../image/key.ts";
import { printReference } from "../oci/reference.ts";
import {
  type Freshness,
  type ImageOrigin,
  needsTarget,
  type RefreshAsked,
  refreshPolicy,
} from "./freshness.ts";
import { foundOf, type Observation, type Sighting } from "./observe.ts";
import { keepsOwnSet } from "./places.ts";
import type { BuildReason, Change, Decision, RefreshReason, ScratchReason } from "./plan.ts";
import { isForced, type Merge, type Situation } from "./situation.ts";

/** All that is known before it is decided. */
export interface Grounds {
  readonly images: readonly KeyedImage[];
  readonly observation: Observation;
  readonly config: Config;
  readonly situation: Situation;
  readonly fresh: Freshness;
  /** What changed in images that are nowhere, by name. */
  readonly changes?: ReadonlyMap<string, Change> | undefined;
}

export interface Decided {
  readonly decisions: ReadonlyMap<string, Decision>;
  /** Images that are this run's alone until it is promoted: refreshed ones, and what is built upon such. */
  readonly anew: ReadonlySet<string>;
}

/**
 * Decides for all images of a set: first what is made, then of all others what is used where it is; for members only
 * where their index is made, beside which they have to be.
 */
export function decide(grounds: Grounds): Decided {
  const { images, observation, config, situation } = grounds;
  const { made, anew } = toMake(grounds);
  // The tags of a user and of a generation are given to images of the own registry alone.
  const needsOwn = situation.wishes.tag !== undefined || anew.size > 0;
  const isSetHere = !keepsOwnSet(situation, config) && !needsOwn && isWholeUpstream(grounds);
  const mayStay = (name: string, found: Sighting): boolean => {
    if (situation.own === undefined) return true;
    if (found.isTwin === true) return false;
    if (found.source === "own") return true;
    return !isMember(name) && (config.reference === "digest" || isSetHere);
  };
  const needed = images.filter(({ name }) => !isMember(name) || made.has(imageOf(name)));
  const decisions = needed.map(({ name }): [string, Decision] => {
    const found = foundOf(observation, name) as Sighting;
    return [name, made.get(name) ?? taken(found, mayStay(name, found))];
  });
  return { decisions: new Map(decisions), anew };
}

function taken(found: Sighting, mayStay: boolean): Decision {
  const { foundBy } = found;
  const { digest } = found.reference;
  const reference = printReference(found.reference);
  return mayStay
    ? { kind: "reuse", reference, digest, foundBy }
    : { kind: "copy", from: reference, digest, foundBy };
}

/** Whether upstream has the whole set as its record says, so that `tag` can point there. */
function isWholeUpstream({ images, observation }: Grounds): boolean {
  const { record } = observation;
  return (
    record?.source.kind === "upstream" &&
    record.content.tag !== undefined &&
    images.every(({ name }) => {
      const found = foundOf(observation, name);
      // What its key's tag had in place of an image that was lost does not have the set's tag.
      return found?.foundBy === "set-record" && found.isTwin !== true;
    })
  );
}

/**
 * The images that are built or refreshed, parents first, since what is built upon a new image is new itself.
 * Of several images with one key one is built.
 */
function toMake(grounds: Grounds) {
  const { images, observation, situation } = grounds;
  const made = new Map<string, Decision>();
  const anew = new Set<string>();
  const built = new Map<string, KeyedImage>();
  for (const image of parentsFirst(images)) {
    const { name, key, parents } = image;
    const found = foundOf(observation, name);
    const twin = built.get(key);
    const isTwinAnew = twin !== undefined && anew.has(twin.name);
    if (twin !== undefined && (isTwinAnew || found === undefined) && isCopyOf(image, twin)) {
      if (isTwinAnew) anew.add(name);
      made.set(name, { kind: "build", because: { code: "same", as: twin.name } });
      continue;
    }
    const parent = parents.find((other) => anew.has(other));
    const upon = parent === undefined ? undefined : { code: "parent" as const, parent };
    const refresh = found && (refreshReasonOf(image, found, grounds) ?? upon);
    if (found !== undefined && refresh === undefined) continue;
    if (refresh !== undefined || upon !== undefined) anew.add(name);
    if (situation.own !== undefined && twin === undefined) built.set(key, image);
    if (found !== undefined && refresh !== undefined) {
      const from = printReference(found.reference);
      made.set(name, { kind: "refresh", because: refresh, from });
      continue;
    }
    const because = reasonOfMiss(grounds, name);
    const scratch = scratchReasonOf(image, situation) ?? upon;
    made.set(name, { kind: "build", because, ...(scratch === undefined ? {} : { scratch }) });
  }
  return { made, anew };
}

/** A build that may fail is none that others can wait for. */
function isCopyOf(image: KeyedImage, twin: KeyedImage): boolean {
  return image.optional || !twin.optional;
}

function reasonOfMiss({ observation, changes }: Grounds, name: string): BuildReason {
  const { sightings, looked } = observation;
  const broken = sightings.get(name)?.find((sighting) => sighting.kind === "broken");
  if (broken !== undefined)
    return { code: "broken", reference: broken.reference, missing: broken.missing };
  if (looked.length === 0) return { code: "no-registry" };
  return { code: "absent", looked, ...changes?.get(name) };
}

const millisecondsPerDay = 24 * 60 * 60 * 1000;

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
function scratchReasonOf(
  { name }: KeyedImage,
  { wishes, merge }: Situation,
): ScratchReason | undefined {
  if (isForced(wishes, name)) return { code: "forced" };
  return merge && { code: "merge", because: merge.because };
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
  { created = "" }: ImageOrigin,
  { maxAge = Number.POSITIVE_INFINITY }: RefreshSettings,
  { now }: Freshness,
): RefreshReason | undefined {
  // What is no time is never old; one that far ahead is a wrong clock's, which must not keep an image for ever.
  const isOld = Math.abs(now.getTime() - Date.parse(created)) > maxAge * millisecondsPerDay;
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
