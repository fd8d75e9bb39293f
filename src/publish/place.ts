/** Where the images of a set are when it is published. */
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import {
  parseReference,
  parseRepository,
  type Reference,
  type Repository,
  withDigest,
  withTag,
} from "../oci/reference.ts";
import { isBuilt, type PlannedImage } from "../plan/plan.ts";
import type { Registry } from "../registry/registry.ts";

/** An image of the set and the manifest that it has; none where it is not there. */
export interface Placed {
  readonly image: PlannedImage;
  readonly found:
    | {
        readonly digest: Digest;
        readonly reference: Reference;
        readonly manifest: Manifest | undefined;
      }
    | undefined;
}

/** Finds the manifest of one image: in hand, by the digest that the plan knows, or by the key's tag. */
export async function place(
  image: PlannedImage,
  base: Repository,
  registry: Registry,
  known: ReadonlyMap<string, Manifest>,
  withManifest: boolean,
): Promise<Placed> {
  const { decision } = image;
  const inHand = known.get(image.name);
  if (decision.kind === "reuse" && !withManifest) {
    return {
      image,
      found: {
        digest: decision.digest,
        reference: parseReference(decision.reference),
        manifest: undefined,
      },
    };
  }
  const repository = parseRepository(image.repository ?? `${base.host}/${base.path}`);
  const wanted = isBuilt(decision)
    ? withTag(repository, image.tag)
    : withDigest(repository, decision.digest);
  const manifest = inHand ?? (await registry.get(wanted));
  if (manifest === undefined) return { image, found: undefined };
  const { digest } = manifest.descriptor;
  return { image, found: { digest, reference: withDigest(repository, digest), manifest } };
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
