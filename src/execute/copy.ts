/** Copies: images that are in another registry base and shall be in the own one too. */
import type { Manifest } from "../oci/manifest.ts";
import { parseReference, parseRepository, withTag } from "../oci/reference.ts";
import type { Plan, PlannedImage } from "../plan/plan.ts";
import type { CopyResult, Registry } from "../registry/registry.ts";

/** Copies one image under its key's tag; `inHand` is its manifest where that was read already. */
export async function copyImage(
  image: PlannedImage,
  from: string,
  registry: Pick<Registry, "copy" | "get">,
  inHand?: Manifest,
): Promise<CopyResult> {
  const to = parseRepository(image.repository ?? "");
  if (image.decision.kind === "copy" && image.decision.adopted !== undefined) {
    // A pipeline beside this one may have built it; the first image of a key is the one that all use.
    const first = await registry.get(withTag(to, image.tag));
    if (first !== undefined) return { manifest: first, mounted: 0, streamedBytes: 0 };
  }
  return registry.copy(parseReference(from), to, [image.tag], inHand);
}

/**
 * Carries out all copies of a plan, and gives what was copied by name.
 *
 * They need no engine and no checkout, so in a pipeline the job that publishes does them.
 */
export async function copyAll(
  { images }: Pick<Plan, "images">,
  registry: Pick<Registry, "copy" | "get">,
): Promise<ReadonlyMap<string, Manifest>> {
  const copied = await Promise.all(
    images.map(async (image) => {
      if (image.decision.kind !== "copy") return [];
      const { manifest } = await copyImage(image, image.decision.from, registry);
      return [[image.name, manifest] as const];
    }),
  );
  return new Map(copied.flat());
}
