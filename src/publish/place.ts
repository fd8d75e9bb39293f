/** Where the images of a set are when it is published. */
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import {
  parseReference,
  parseRepository,
  type Reference,
  withDigest,
  withTag,
} from "../oci/reference.ts";
import { isBuilt } from "../plan/decision.ts";
import type { PlannedImage } from "../plan/plan.ts";
import type { Registry } from "../registry/registry.ts";

/** An image of the set and the manifest that it has; none where it is not there. */
export interface Placed {
  readonly image: PlannedImage;
  /** What it is to be tagged as. */
  readonly tags: readonly string[];
  readonly found:
    | {
        readonly digest: Digest;
        readonly reference: Reference;
        readonly manifest: Manifest | undefined;
      }
    | undefined;
}

/** Finds one image by the digest that the plan knows, or by the key's tag; its manifest where it is in hand or to get tags. */
export async function place(
  image: PlannedImage,
  tags: readonly string[],
  registry: Registry,
  inHand: Manifest | undefined,
): Promise<Placed> {
  const wanted = wantedReference(image);
  if (wanted === undefined) return { image, tags, found: undefined };
  if (wanted.digest !== undefined && inHand === undefined && tags.length === 0) {
    const digest = (await registry.head(wanted)) && wanted.digest;
    return { image, tags, found: digest && { digest, reference: wanted, manifest: undefined } };
  }
  const manifest = inHand ?? (await registry.get(wanted));
  if (manifest === undefined) return { image, tags, found: undefined };
  const { digest } = manifest.descriptor;
  return { image, tags, found: { digest, reference: withDigest(wanted, digest), manifest } };
}

function wantedReference({ decision, repository, tag }: PlannedImage): Reference | undefined {
  if (decision.kind === "reuse") return parseReference(decision.reference);
  if (repository === null) return undefined;
  const own = parseRepository(repository);
  return isBuilt(decision) ? withTag(own, tag) : withDigest(own, decision.digest);
}

/** Built images whose key's tag is no longer what was published, with what it is instead. */
export async function movedKeys(
  placed: readonly Placed[],
  registry: Registry,
): Promise<ReadonlyMap<string, Manifest>> {
  const moved = new Map<string, Manifest>();
  await Promise.all(
    placed.map(async ({ image, found }) => {
      if (!isBuilt(image.decision) || found === undefined) return;
      const tagged = withTag(found.reference, image.tag);
      const current = await registry.head(tagged);
      if (current === undefined || current.digest === found.digest) return;
      const manifest = await registry.get(tagged);
      if (manifest !== undefined) moved.set(image.name, manifest);
    }),
  );
  return moved;
}
