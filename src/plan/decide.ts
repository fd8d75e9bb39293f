/** How each image is to be had; pure, so that later jobs may trust the plan. */
import type { KeyedImage } from "../image/key.ts";
import { parentsFirst } from "../image/order.ts";
import { printReference } from "../oci/reference.ts";
import type { BrokenSighting, Observation, Sighting } from "./observe.ts";
import type { Decision, RefreshReason } from "./plan.ts";

/** What decides beside the sightings. */
export interface Policy {
  readonly reference: "each" | "set" | "classic";
  readonly hasOwn: boolean;
  /** A tag that a user set is given to images of the own registry alone. */
  readonly hasUserTag: boolean;
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
  if (mayStay(found, policy, wholeUpstream))
    return { kind: "reuse", reference, digest, foundBy: found.foundBy };
  return { kind: "copy", from: reference, digest, foundBy: found.foundBy };
}

function mayStay(found: Sighting, policy: Policy, wholeUpstream: boolean): boolean {
  if (found.source === "own" || !policy.hasOwn) return true;
  if (policy.reference === "each") return true;
  return policy.reference === "set" && wholeUpstream && !policy.hasUserTag;
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

/** Turns reuse and copy into refresh where an image, or a parent of it, is to be built again. */
export function withRefreshes(
  images: readonly KeyedImage[],
  decisions: ReadonlyMap<string, Decision>,
  reasonFor: (image: KeyedImage) => RefreshReason | undefined,
): ReadonlyMap<string, Decision> {
  const all = new Map(decisions);
  for (const image of parentsFirst(images)) {
    const decision = all.get(image.name);
    if (decision === undefined || decision.kind === "build" || decision.kind === "refresh")
      continue;
    const parent = image.parents.find((name) => all.get(name)?.kind === "refresh");
    const because =
      reasonFor(image) ?? (parent === undefined ? undefined : { code: "parent" as const, parent });
    const from = decision.kind === "reuse" ? decision.reference : decision.from;
    if (because !== undefined) all.set(image.name, { kind: "refresh", because, from });
  }
  return all;
}
