/**
 * A plan that another job handed on is a request: what it may ask for follows from this project's configuration and from
 * where this job runs, and what an image is made of from the files here. Pure.
 */
import { isDeepStrictEqual } from "node:util";
import { BerthError } from "../errors.ts";
import { type KeyedImage, keyVersion, ownTags, setIdOf } from "../image/key.ts";
import { isInside, parseReference, printRepository } from "../oci/reference.ts";
import { generationOfPipeline, ofGeneration, readTag } from "../oci/tags.ts";
import { isBuilt } from "./decision.ts";
import { ownTemplate, type Source, sourcesOf } from "./places.ts";
import type { Plan, PlannedImage } from "./plan.ts";
import type { Situation } from "./situation.ts";

/** PLAN_INVALID where a plan names a place or a tag that this configuration would not write here, or images of strangers. */
export function refuseForeign(plan: Plan, situation: Situation, config: Plan["config"]): void {
  const sources = sourcesOf(situation, config);
  const own = sources.find(({ kind }) => kind === "own");
  const { set, images } = plan;
  const place = { repository: ownTemplate(situation, config), upstream: situation.upstream };
  const strange = [
    ...(isDeepStrictEqual(plan.config, config) ? [] : ["its configuration is not the one here"]),
    ...generationMistake(plan),
    ...setMistakes(plan, setIdOf(images, place)),
    ...images.flatMap((image) => [
      ...placeMistakes(image, own),
      ...tagMistakes(image, set.generation),
      ...sourceMistakes(image, sources),
    ]),
  ];
  if (strange.length === 0) return;
  const more = strange.length > 1 ? `, and ${strange.length - 1} more` : "";
  throw new BerthError("PLAN_INVALID", `carry out the plan: ${strange[0]}${more}`, {
    hint: "run the plan job again, and give later jobs its configuration, variables and flags (--registry, --config)",
  });
}

function generationMistake({ set: { generation }, pipeline }: Plan): readonly string[] {
  if (generation === null) return [];
  const isOurs =
    pipeline === null
      ? /^l[1-9]\d*$/.test(generation)
      : generation === generationOfPipeline(pipeline);
  return isOurs ? [] : [`it calls its generation ${generation}`];
}

function setMistakes({ set, complete }: Plan, id: string): readonly string[] {
  if (set.id !== id) return [`its set is ${set.id}, and the set of its images here ${id}`];
  const read = readTag(set.tag);
  const isOurs = read?.kind === "set" && read.id === id && read.version === keyVersion;
  // Nothing is tagged where some images are upstream's; the name may be the one of upstream's set then.
  return isOurs || !complete ? [] : [`it calls the set ${set.tag}`];
}

function placeMistakes({ name, repository }: PlannedImage, own: Source | undefined) {
  const here = own === undefined ? null : printRepository(own.repositoryOf(name));
  if (repository === here) return [];
  const wanted = here === null ? "no registry is known here" : `not into ${here}`;
  return [`it puts ${name} into ${repository ?? "no registry"}, and ${wanted}`];
}

function tagMistakes(
  { name, key, tag, decision }: PlannedImage,
  generation: string | null,
): readonly string[] {
  const written = ownTags.key(key);
  const isOfRun = generation !== null && isBuilt(decision);
  if (tag === written || (isOfRun && tag === ofGeneration(written, generation))) return [];
  return [`it tags ${name} as ${tag}, and not as ${written}`];
}

/** Images are taken from where a run looks for them. */
function sourceMistakes({ name, decision }: PlannedImage, sources: readonly Source[]) {
  if (isBuilt(decision)) return [];
  const from = decision.kind === "reuse" ? decision.reference : decision.from;
  const reference = parseReference(from);
  const isKnown = sources.some(({ base }) => isInside(reference, base));
  return isKnown && reference.digest === decision.digest ? [] : [`it takes ${name} from ${from}`];
}

/** The same plan with its images as the files here make them: of the plan's own word stay decision, reference and place. */
export function asHere(plan: Plan, keyed: readonly KeyedImage[]): Plan {
  const here = new Map(keyed.map((image) => [image.name, image]));
  return { ...plan, images: plan.images.map((image) => ({ ...image, ...here.get(image.name) })) };
}
