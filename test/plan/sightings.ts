/** Sightings and records of images, for rules that do not care how they came about. */
import { type KeyedImage, ownTags } from "../../src/image/key.ts";
import { parseReference, printRepository, type Reference } from "../../src/oci/reference.ts";
import type { Grounds } from "../../src/plan/decide.ts";
import type { BrokenSighting, ObservedRecord, Sighting } from "../../src/plan/observe.ts";
import { type Source, sourcesOf } from "../../src/plan/places.ts";
import type { FoundBy } from "../../src/plan/plan.ts";
import { keyedImage, notAsked, someDigest } from "../support/keyed.ts";
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

/** Where an image was seen, and as what. */
export type Seen = readonly (Sighting | BrokenSighting)[];

/** What is known where each image was seen as told, and upstream has the set of this number on record if one is told. */
export function groundsOf(
  { images, config, situation }: Pick<Grounds, "images" | "config" | "situation">,
  seenAs: (name: string) => Seen,
  { recorded, looked = ["r"] }: { recorded?: string | undefined; looked?: readonly string[] } = {},
): Grounds {
  const upstream = sourcesOf(situation, config).find(({ kind }) => kind === "upstream");
  const record = upstream && recorded !== undefined ? recordAt(upstream, recorded) : undefined;
  const sightings = new Map(images.map(({ name }) => [name, seenAs(name)]));
  const observation = { record, sightings, looked, warnings: [] };
  return { images, config, situation, observation, fresh: notAsked };
}
