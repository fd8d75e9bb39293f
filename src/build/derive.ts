/**
 * Images that are made of what registries have already: copies, and indexes over members. They need no engine and no
 * checkout, so in a pipeline the job that publishes makes them.
 */
import { BerthError, ifPossible } from "../errors.ts";
import { platformsOf } from "../image/image.ts";
import { type IndexEntry, type Manifest, makeIndex } from "../oci/manifest.ts";
import { parsePlatform } from "../oci/platform.ts";
import { below, parseReference, type Repository, withDigest, withTag } from "../oci/reference.ts";
import { pastTag } from "../oci/tags.ts";
import { isAssembled, sameAs } from "../plan/decision.ts";
import { isWhole } from "../plan/look.ts";
import { ownRepository } from "../plan/places.ts";
import type { Plan, PlannedImage } from "../plan/plan.ts";
import { recordRepositoryName } from "../plan/record.ts";
import type { Registry } from "../registry/registry.ts";
import { annotationsOf } from "./annotate.ts";
import { type BuiltImage, recorded } from "./build.ts";
import { locate, parentReferences, type Whereabouts } from "./parents.ts";
import { remembered } from "./remembered.ts";
import type { Tools } from "./tools.ts";

/** Where copies go. */
export interface CopyTarget {
  readonly registry: Pick<Registry, "copy" | "get" | "head">;
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
): Promise<Manifest> {
  const to = ownRepository(image);
  const tagged = withTag(to, image.tag);
  const source = parseReference(from);
  const before = (await isNew()) ? undefined : await registry.head(tagged);
  if (before !== undefined && source.digest !== undefined) {
    const there = await registry.get(withDigest(to, source.digest));
    if (there !== undefined) return there;
  }
  const isOther = before !== undefined && before.digest !== source.digest;
  const tags = [isOther ? pastTag(image.tag, now) : image.tag];
  return (await registry.copy(source, to, tags, inHand)).manifest;
}

/** Asks once, when it is first needed, whether anything was published below a base. */
export function newBase(base: Repository | undefined, registry: Pick<Registry, "tags">) {
  return remembered(async (): Promise<boolean> => {
    if (base === undefined) return true;
    for await (const _ of registry.tags(below(base, recordRepositoryName))) return false;
    return true;
  });
}

/** Carries out these copies of a plan, and gives what was copied by name. */
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
      return [[image.name, await copyImage(image, from, target)] as const];
    }),
  );
  return new Map(copied.flat());
}

/** What an index needs of the outside: no engine, and no checkout. */
export interface Assembly extends Pick<Tools, "registry" | "situation"> {
  readonly plan: Pick<Plan, "images" | "revision" | "pipeline">;
}

/**
 * Puts the index under the tag of its key, unless it is there. It follows from its members and the commit alone, so
 * that two jobs which make it at the same time make the same.
 */
export async function assemble(
  image: PlannedImage,
  done: Whereabouts["done"],
  { registry, situation, plan }: Assembly,
): Promise<BuiltImage> {
  const repository = ownRepository(image);
  const tagged = withTag(repository, image.tag);
  const already = await registry.get(tagged);
  if (already !== undefined && (await isWhole(already, repository, registry)))
    return { manifest: already, adopted: true };
  const at = { planned: plan.images, done, registry };
  const references = [...(await parentReferences(image, at)).values()];
  const members = await Promise.all(
    references.map(async (reference) => {
      const manifest = await registry.get(parseReference(reference));
      if (manifest === undefined) throw vanished(image, reference);
      return manifest;
    }),
  );
  const manifest = indexOver(image, members, { situation, plan });
  await registry.put(tagged, manifest);
  return recorded(tagged, manifest, registry);
}

/** The members stand in the order of the image's platforms. */
function indexOver(
  image: PlannedImage,
  members: readonly Manifest[],
  { situation, plan }: Omit<Assembly, "registry">,
): Manifest {
  const entries = platformsOf(image).flatMap((platform, position): IndexEntry[] => {
    const member = members[position];
    return member ? [{ ...member.descriptor, platform: parsePlatform(platform) }] : [];
  });
  const times = members.flatMap(({ content }) => {
    const time = Date.parse(content.annotations["org.opencontainers.image.created"] ?? "");
    return Number.isNaN(time) ? [] : [time];
  });
  const engines = members.flatMap(({ content }) => content.annotations["berth.engine"] ?? []);
  const annotations = annotationsOf(
    image,
    { ...situation, job: undefined, pipeline: plan.pipeline ?? undefined },
    {
      revision: plan.revision,
      created: new Date(Math.min(...times, 8.64e15)),
      base: undefined,
      bases: [],
      engine: [...new Set(engines)].join(" "),
    },
  );
  return makeIndex(entries, annotations);
}

/** Makes all indexes of a plan whose members were built by other jobs; an optional one may lack some. */
export async function assembleAll(
  plan: Plan,
  tools: Omit<Assembly, "plan">,
): Promise<ReadonlyMap<string, Manifest>> {
  const made = plan.images.filter(isAssembled).map(async (image) => {
    const making = assemble(image, new Map(), { ...tools, plan });
    const built = await (image.optional ? ifPossible(making) : making);
    return built === undefined ? [] : [[image.name, built.manifest] as const];
  });
  return new Map((await Promise.all(made)).flat());
}

function vanished(image: PlannedImage, reference: string): BerthError {
  return new BerthError(
    "SET_INCOMPLETE",
    `make the index of ${image.name}: ${reference} is not in the registry any more`,
    { hint: "run the pipeline again; it builds what is gone" },
  );
}
