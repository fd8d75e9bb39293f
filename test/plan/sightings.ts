/** Sightings and records of images, for rules that do not care how they came about. */
import { type KeyedImage, ownTags } from "../../src/image/key.ts";
import { parseReference, printRepository, type Reference } from "../../src/oci/reference.ts";
import type { ObservedRecord, Sighting } from "../../src/plan/observe.ts";
import type { Source } from "../../src/plan/places.ts";
import type { FoundBy } from "../../src/plan/plan.ts";
import { keyedImage, someDigest } from "../support/keyed.ts";
import { registryOf } from "./pipelines.ts";

/** base, then middle, then leaf; lone has no parent. Declared in another order. */
export const chain: readonly KeyedImage[] = [
  keyedImage("leaf", { parents: ["middle"] }),
  keyedImage("middle", { parents: ["base"], optional: true }),
  keyedImage("lone"),
  keyedImage("base"),
];

/** An image by its digest, in the own registry or in upstream's. */
export function seen(
  source: Sighting["source"],
  {
    name = "debian",
    folder = "qemu/",
    foundBy = "key-tag",
  }: { name?: string; folder?: string; foundBy?: FoundBy } = {},
): Sighting {
  const text = `${registryOf[source === "own" ? "fork" : "upstream"]}/${folder}${name}@${someDigest}`;
  return {
    kind: "found",
    source,
    reference: { ...parseReference(text), digest: someDigest } satisfies Reference,
    foundBy,
    manifest: undefined,
  };
}

/** The record of a set whose images all have its tag. */
export function recordAt(source: Source, setId: string): ObservedRecord {
  const tag = ownTags.set(setId);
  const content = { setId, tag, images: new Map(), revision: "old", pipeline: "7" };
  const reference = `${printRepository(source.base)}/berth:${tag}`;
  return { source, reference, content, isStale: false };
}
