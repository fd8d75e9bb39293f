/** Sightings of images, for rules that do not care how they came about. */
import { parseReference, type Reference } from "../../src/oci/reference.ts";
import type { Sighting } from "../../src/plan/observe.ts";
import { someDigest } from "../support/keyed.ts";
import { registryOf } from "./pipelines.ts";

/** An image by its digest, in the own registry or in upstream's. */
export function seen(
  source: Sighting["source"],
  { trusted = true, name = "debian" }: { trusted?: boolean; name?: string } = {},
): Sighting {
  const text = `${registryOf[source === "own" ? "fork" : "upstream"]}/qemu/${name}@${someDigest}`;
  return {
    kind: "found",
    source,
    reference: { ...parseReference(text), digest: someDigest } satisfies Reference,
    foundBy: "key-tag",
    trusted,
    manifest: undefined,
  };
}
