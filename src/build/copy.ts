/** Copies: images that are in another registry base and shall be in the own one too. */
import type { Manifest } from "../oci/manifest.ts";
import { below, parseReference, type Repository, withDigest, withTag } from "../oci/reference.ts";
import { pastTag } from "../oci/tags.ts";
import { sameAs } from "../plan/decision.ts";
import { ownRepository } from "../plan/places.ts";
import type { Plan, PlannedImage } from "../plan/plan.ts";
import { recordRepositoryName } from "../plan/record.ts";
import type { CopyResult, Registry } from "../registry/registry.ts";
import { locate } from "./parents.ts";
import { remembered } from "./remembered.ts";

type Copies = Pick<Registry, "copy" | "get" | "head">;

/** Where copies go. */
export interface CopyTarget {
  readonly registry: Copies;
  readonly now: Date;
  /** Whether there is nothing yet whose tags a copy could move. */
  readonly isNew: () => Promise<boolean>;
}

/**
 * Copies one image under its key's tag, unless it is there; `inHand` is its manifest where that was read already.
 *
 * The tag stays where it points at another image of that key, which pipelines may have been told: then the
 * copy gets a tag of its own.
 */
export async function copyImage(
  image: PlannedImage,
  from: string,
  { registry, now, isNew }: CopyTarget,
  inHand?: Manifest,
): Promise<CopyResult> {
  const to = ownRepository(image);
  const tagged = withTag(to, image.tag);
  const source = parseReference(from);
  const before = (await isNew()) ? undefined : await registry.head(tagged);
  if (before !== undefined && source.digest !== undefined) {
    const there = await registry.get(withDigest(to, source.digest));
    if (there !== undefined) return { manifest: there, mounted: 0, streamedBytes: 0 };
  }
  const isOther = before !== undefined && before.digest !== source.digest;
  return registry.copy(source, to, [isOther ? pastTag(image.tag, now) : image.tag], inHand);
}

/** Asks once, when it is first needed, whether anything was published below a base. */
export function newBase(base: Repository | undefined, registry: Pick<Registry, "tags">) {
  return remembered(async (): Promise<boolean> => {
    if (base === undefined) return true;
    for await (const _ of registry.tags(below(base, recordRepositoryName))) return false;
    return true;
  });
}

/**
 * Carries out these copies of a plan, and gives what was copied by name.
 *
 * They need no engine and no checkout, so in a pipeline the job that publishes does them.
 */
export async function copyAll(
  { images }: Pick<Plan, "images">,
  target: CopyTarget,
  which: (image: PlannedImage) => boolean = () => true,
): Promise<ReadonlyMap<string, Manifest>> {
  const copied = await Promise.all(
    images.filter(which).map(async (image) => {
      const other = image.decision.kind === "copy" ? image.name : sameAs(image.decision);
      const from = other && (await locate(other, { ...target, planned: images, done: new Map() }));
      if (from === undefined) return [];
      const { manifest } = await copyImage(image, from, target);
      return [[image.name, manifest] as const];
    }),
  );
  return new Map(copied.flat());
}
