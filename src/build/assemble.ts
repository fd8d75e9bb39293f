/** Makes an image of several platforms: an index over its members, which are there already. */
import { BerthError, ifPossible } from "../errors.ts";
import { platformsOf } from "../image/platforms.ts";
import { type IndexEntry, type Manifest, makeIndex, parsePlatform } from "../oci/manifest.ts";
import { parseReference, withTag } from "../oci/reference.ts";
import { isAssembled } from "../plan/decision.ts";
import { isWhole } from "../plan/look.ts";
import { ownRepository } from "../plan/places.ts";
import type { Plan, PlannedImage } from "../plan/plan.ts";
import { annotationsOf } from "./annotate.ts";
import { type BuiltImage, recorded } from "./build.ts";
import { parentReferences, type Whereabouts } from "./parents.ts";
import type { Tools } from "./tools.ts";

/** What an index needs of the outside: no engine, and no checkout. */
export interface Assembly extends Pick<Tools, "registry" | "situation"> {
  readonly task: { readonly plan: Pick<Tools["task"]["plan"], "images" | "revision" | "pipeline"> };
}

/**
 * Puts the index under the tag of its key, unless it is there. It follows from its members and the commit alone, so
 * that two jobs which make it at the same time make the same.
 */
export async function assemble(
  image: PlannedImage,
  done: Whereabouts["done"],
  { registry, situation, task: { plan } }: Assembly,
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
  { situation, plan }: Pick<Assembly, "situation"> & Assembly["task"],
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
  tools: Pick<Assembly, "registry" | "situation">,
): Promise<ReadonlyMap<string, Manifest>> {
  const made = plan.images.filter(isAssembled).map(async (image) => {
    const making = assemble(image, new Map(), { ...tools, task: { plan } });
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
