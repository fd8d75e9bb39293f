/** How each image is to be had; pure, so that later jobs may trust the plan. */
import type { KeyedImage } from "../image/key.ts";
import { printReference } from "../oci/reference.ts";
import type { BrokenSighting, Observation, Sighting } from "./observe.ts";
import type { Decision } from "./plan.ts";

/** What decides beside the sightings. */
export interface Policy {
  readonly reference: "each" | "set" | "classic";
  readonly hasOwn: boolean;
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
  if (found.source === "own" || !policy.hasOwn || policy.reference === "each") return true;
  return policy.reference === "set" && wholeUpstream;
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
