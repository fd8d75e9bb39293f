/** Copies: images that are in another registry base and shall be in the own one too. */
import type { Manifest } from "../oci/manifest.ts";
import {
  below,
  parseReference,
  printReference,
  type Repository,
  withDigest,
  withTag,
} from "../oci/reference.ts";
import { pastTag } from "../oci/tags.ts";
import { ownRepository } from "../plan/places.ts";
import { type Plan, type PlannedImage, sameAs } from "../plan/plan.ts";
import { recordRepositoryName } from "../plan/record.ts";
import type { CopyResult, Registry } from "../registry/registry.ts";

type Copies = Pick<Registry, "copy" | "head">;

/** Where copies go. */
export interface CopyTarget {
  readonly registry: Copies;
  readonly now: Date;
  /** Whether there is nothing yet whose tags a copy could move. */
  readonly isNew: () => Promise<boolean>;
}

/**
 * Copies one image under its key's tag; `inHand` is its manifest where that was read already.
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
  const isOther = before !== undefined && before.digest !== source.digest;
  return registry.copy(source, to, [isOther ? pastTag(image.tag, now) : image.tag], inHand);
}

/** Asks once, when it is first needed, whether anything was published below a base. */
export function newBase(base: Repository | undefined, registry: Pick<Registry, "tags">) {
  let answer: Promise<boolean> | undefined;
  const ask = async (): Promise<boolean> => {
    if (base === undefined) return true;
    for await (const _ of registry.tags(below(base, recordRepositoryName))) return false;
    return true;
  };
  return (): Promise<boolean> => {
    answer ??= ask();
    return answer;
  };
}

/** Where an image that this pipeline builds has its place, by its tag. */
export function builtReference(name: string, images: readonly PlannedImage[]): string {
  const image = images.find((one) => one.name === name);
  return `${image?.repository}:${image?.tag}`;
}

/** What an image is a copy of; `undefined` where it is none, or where that has not come to be. */
async function sourceOf(
  { decision }: PlannedImage,
  images: readonly PlannedImage[],
  registry: Copies,
): Promise<string | undefined> {
  if (decision.kind === "copy") return decision.from;
  const other = sameAs(decision);
  if (other === undefined) return undefined;
  const reference = parseReference(builtReference(other, images));
  const descriptor = await registry.head(reference);
  return descriptor && printReference(withDigest(reference, descriptor.digest));
}

/**
 * Carries out all copies of a plan, and gives what was copied by name.
 *
 * They need no engine and no checkout, so in a pipeline the job that publishes does them.
 */
export async function copyAll(
  { images }: Pick<Plan, "images">,
  target: CopyTarget,
): Promise<ReadonlyMap<string, Manifest>> {
  const copied = await Promise.all(
    images.map(async (image) => {
      const from = await sourceOf(image, images, target.registry);
      if (from === undefined) return [];
      const { manifest } = await copyImage(image, from, target);
      return [[image.name, manifest] as const];
    }),
  );
  return new Map(copied.flat());
}
