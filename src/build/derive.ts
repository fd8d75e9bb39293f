/**
 * Images that are made of what registries have already: copies, and indexes over members. They need no engine and no
 * checkout, so in a pipeline the job that publishes makes them.
 */
import { remembered } from "../context/memo.ts";
import { BerthError, ifPossible } from "../errors.ts";
import { isIndex, platformsOf } from "../image/image.ts";
import { type Manifest, makeIndex } from "../oci/manifest.ts";
import { parsePlatform } from "../oci/platform.ts";
import { below, parseReference, type Repository, withTag } from "../oci/reference.ts";
import { pastTag } from "../oci/tags.ts";
import { isAssembled, sameAs } from "../plan/decision.ts";
import { hasTags, isWhole } from "../plan/look.ts";
import { ownRepository } from "../plan/places.ts";
import type { Plan, PlannedImage } from "../plan/plan.ts";
import { recordRepositoryName } from "../plan/record.ts";
import type { Situation } from "../plan/situation.ts";
import type { Registry } from "../registry/registry.ts";
import { annotationsOf } from "./annotate.ts";
import { type BuiltImage, recorded } from "./build.ts";
import { locate, parentReferences, type Whereabouts } from "./parents.ts";
import type { Task, Tools } from "./tools.ts";

/** What makes images of others: no engine, and no checkout. */
export interface Deriving extends Pick<Tools, "registry" | "situation" | "clock" | "isNew"> {
  readonly task: Pick<Task, "plan" | "manifests">;
}

/**
 * Copies one image under its key's tag, unless it is there.
 *
 * The tag stays where it points at another image of that key, which pipelines may have been told: then the
 * copy gets a tag of its own.
 */
export async function copyImage(
  image: PlannedImage,
  from: string,
  { registry, clock, isNew, task }: Deriving,
): Promise<Manifest> {
  const to = ownRepository(image);
  const tagged = withTag(to, image.tag);
  const source = parseReference(from);
  const before = (await isNew()) ? undefined : await registry.head(tagged);
  const there = before && (await registry.get({ ...source, ...to }));
  if (there !== undefined) return there;
  const isOther = before !== undefined && before.digest !== source.digest;
  const tags = [isOther ? pastTag(image.tag, clock.now()) : image.tag];
  return (await registry.copy(source, to, tags, task.manifests.get(image.name))).manifest;
}

/** Asks once, when it is first needed, whether anything was published below a base. */
export function newBase(base: Repository | undefined, registry: Pick<Registry, "tags">) {
  return remembered(
    async () => base === undefined || !(await hasTags(below(base, recordRepositoryName), registry)),
  );
}

/**
 * Makes all images of a plan that need no engine, and gives them by name; builds are those of other jobs. What lacks
 * something is left out where it is a copy, or optional.
 */
export async function deriveAll(tools: Deriving): Promise<ReadonlyMap<string, Manifest>> {
  const made = new Map<string, Manifest>();
  const make = (images: readonly PlannedImage[]) =>
    Promise.all(
      images.map(async (image) => {
        const manifest = await derived(image, tools);
        if (manifest !== undefined) made.set(image.name, manifest);
      }),
    );
  const { images } = tools.task.plan;
  const indexes = images.filter(isIndex);
  // An index needs its members, and may be what another one is a copy of.
  await make(images.filter((image) => !isIndex(image)));
  await make(indexes.filter(isAssembled));
  await make(indexes.filter((index) => !isAssembled(index)));
  return made;
}

async function derived(image: PlannedImage, tools: Deriving): Promise<Manifest | undefined> {
  const { registry, task } = tools;
  const done = new Map();
  if (isAssembled(image)) {
    const making = assemble(image, done, tools);
    return (await (image.optional ? ifPossible(making) : making))?.manifest;
  }
  const other = image.decision.kind === "copy" ? image.name : sameAs(image.decision);
  const from = other && (await locate(other, { planned: task.plan.images, done, registry }));
  return from === undefined ? undefined : copyImage(image, from, tools);
}

/**
 * Puts the index under the tag of its key, unless it is there. It follows from its members and the commit alone, so
 * that two jobs which make it at the same time make the same.
 */
export async function assemble(
  image: PlannedImage,
  done: Whereabouts["done"],
  { registry, clock, situation, task: { plan } }: Deriving,
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
      if (manifest !== undefined) return manifest;
      const what = `make the index of ${image.name}: ${reference} is not in the registry any more`;
      const hint = "run the pipeline again; it builds what is gone";
      throw new BerthError("SET_INCOMPLETE", what, { hint });
    }),
  );
  const manifest = indexOver(image, members, situation, plan);
  await registry.put(tagged, manifest);
  return recorded(tagged, manifest, { registry, clock });
}

/** The members stand in the order of the image's platforms. */
function indexOver(
  image: PlannedImage,
  members: readonly Manifest[],
  situation: Situation,
  plan: Pick<Plan, "revision" | "pipeline">,
): Manifest {
  const entries = platformsOf(image).map((platform, position) => {
    return { ...members[position]!.descriptor, platform: parsePlatform(platform) };
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
