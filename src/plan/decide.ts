/** How each image is to be had; pure, so that later jobs may trust the plan. */
import type { KeyedImage } from "../image/key.ts";
import { parentsFirst } from "../image/order.ts";
import { printReference } from "../oci/reference.ts";
import type { BrokenSighting, Observation, Sighting } from "./observe.ts";
import type { Decision, RefreshReason, ScratchReason } from "./plan.ts";

/** What decides beside the sightings. */
export interface Policy {
  readonly reference: "each" | "set" | "classic";
  readonly hasOwn: boolean;
  /** The set must be in the own registry as a whole, also where upstream has all of it. */
  readonly isMixed: boolean;
}

/**
 * Decides for one image: reuse before copy, copy before build.
 *
 * `wholeUpstream` says that upstream has the whole set on record, so that `set` can point there.
 */
export function decide(
  sightings: readonly (Sighting | BrokenSighting)[],
  policy: Policy,
  wholeUpstream: boolean,
  looked: readonly string[],
): Decision {
  const found = sightings.find((sighting) => sighting.kind === "found");
  if (found === undefined) return { kind: "build", because: reasonOfMiss(sightings, looked) };
  const { digest } = found.reference;
  const reference = printReference(found.reference);
  const { foundBy } = found;
  if (mayStay(found, policy, wholeUpstream)) return { kind: "reuse", reference, digest, foundBy };
  return { kind: "copy", from: reference, digest, foundBy };
}

function mayStay(found: Sighting, policy: Policy, wholeUpstream: boolean): boolean {
  if (!policy.hasOwn) return true;
  if (found.isTwin === true) return false;
  if (found.source === "own") return true;
  if (policy.reference === "each") return true;
  return policy.reference === "set" && wholeUpstream && !policy.isMixed;
}

function reasonOfMiss(
  sightings: readonly (Sighting | BrokenSighting)[],
  looked: readonly string[],
): Extract<Decision, { kind: "build" }>["because"] {
  const broken = sightings.find((sighting) => sighting.kind === "broken");
  if (broken !== undefined)
    return { code: "broken", reference: broken.reference, missing: broken.missing };
  return looked.length === 0 ? { code: "no-registry" } : { code: "absent", looked };
}

/** Decides for all images of a set. */
export function decideAll(
  images: readonly KeyedImage[],
  observation: Observation,
  policy: Policy,
): ReadonlyMap<string, Decision> {
  const { record, sightings, looked } = observation;
  const seen = (name: string) => sightings.get(name) ?? [];
  const wholeUpstream =
    record?.source.kind === "upstream" &&
    record.content.tag !== undefined &&
    images.every(({ name }) => seen(name).length > 0);
  return new Map(
    images.map(({ name }) => [name, decide(seen(name), policy, wholeUpstream, looked)]),
  );
}

/** Decisions, and what is made for this run alone until it is promoted. */
export interface Refreshed {
  readonly decisions: ReadonlyMap<string, Decision>;
  /** Images that are refreshed, and those that have to be built upon such a one. */
  readonly anew: ReadonlySet<string>;
}

/** Why an image is not left to what is there: neither to an image of its key nor to layers of a cache. */
export interface Distrust {
  readonly refresh: (image: KeyedImage) => RefreshReason | undefined;
  readonly scratch: (image: KeyedImage) => ScratchReason | undefined;
}

/**
 * Turns reuse and copy into refresh where an image, or a parent of it, is to be built again, and says of
 * builds whether they are to be from scratch. Of several images with one key one is built.
 */
export function withRefreshes(
  images: readonly KeyedImage[],
  decisions: ReadonlyMap<string, Decision>,
  distrust: Distrust,
  hasOwn: boolean,
): Refreshed {
  const all = new Map(decisions);
  const anew = new Set<string>();
  const built = new Map<string, KeyedImage>();
  for (const image of parentsFirst(images)) {
    const { name, parents } = image;
    const decision = all.get(name);
    if (decision === undefined) continue;
    const twin = built.get(image.key);
    const isAnew = twin !== undefined && anew.has(twin.name);
    if (twin !== undefined && (isAnew || decision.kind === "build") && isCopyOf(image, twin)) {
      if (isAnew) anew.add(name);
      all.set(name, { kind: "build", because: { code: "same", as: twin.name } });
      continue;
    }
    const parent = parents.find((other) => anew.has(other));
    const upon = parent === undefined ? undefined : { code: "parent" as const, parent };
    if (decision.kind === "build" || decision.kind === "refresh") {
      const scratch = distrust.scratch(image) ?? upon;
      if (upon !== undefined) anew.add(name);
      if (scratch !== undefined && decision.kind === "build")
        all.set(name, { ...decision, scratch });
      if (hasOwn && twin === undefined) built.set(image.key, image);
      continue;
    }
    const because = distrust.refresh(image) ?? upon;
    if (because === undefined) continue;
    anew.add(name);
    const from = decision.kind === "reuse" ? decision.reference : decision.from;
    all.set(name, { kind: "refresh", because, from });
    if (hasOwn && twin === undefined) built.set(image.key, image);
  }
  return { decisions: all, anew };
}

/** A build that may fail is none that others can wait for. */
function isCopyOf(image: KeyedImage, twin: KeyedImage): boolean {
  return image.optional || !twin.optional;
}
