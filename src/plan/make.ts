/** From keyed images and what was observed to the plan; pure. */
import type { Config } from "../config/config.ts";
import { type KeyedImage, ownTags, setIdOf } from "../image/key.ts";
import { printReference, printRepository, withDigest, withTag } from "../oci/reference.ts";
import { generationOfMachine, generationOfPipeline, ofGeneration } from "../oci/tags.ts";
import { type Distrust, decideAll, type Refreshed, withRefreshes } from "./decide.ts";
import { foundOf, type Observation } from "./observe.ts";
import { repositoryOf, writtenTag } from "./places.ts";
import type { Decision, Plan, PlanConfig, PlannedImage } from "./plan.ts";
import { planVersion } from "./plan.ts";
import { type Freshness, refreshReasonOf, scratchReasonOf } from "./refresh.ts";
import type { Situation } from "./situation.ts";
import { variablesOf } from "./variables.ts";

/** What the plan says about the files that keys were made from. */
export interface FilesState {
  readonly revision: string | undefined;
  readonly dirty: readonly string[];
}

export function makePlan(
  keyed: readonly KeyedImage[],
  observation: Observation,
  config: Config,
  situation: Situation,
  state: FilesState,
  fresh: Freshness,
  warnings: readonly string[],
): Plan {
  const { decisions, anew } = decisionsOf(keyed, observation, config, situation, fresh);
  const generation = anew.size > 0 ? generationOf(situation, fresh.now) : undefined;
  const images = keyed.map((image) => {
    const decision = decisions.get(image.name);
    if (decision === undefined) throw new TypeError(`no decision for ${image.name}`);
    const own = anew.has(image.name) ? generation : undefined;
    return planImage(image, decision, config, situation, own);
  });
  const complete =
    situation.own !== undefined && images.every(({ decision }) => endsInOwn(decision, situation));
  const id = setIdOf(keyed, { repository: config.repository, upstream: situation.upstream });
  const { record } = observation;
  // What is completed here has a tag of its own, whatever upstream's record calls its set.
  const isTheirs = complete && record?.source.kind === "upstream";
  const recordedTag = isTheirs ? undefined : record?.content.tag;
  const set = {
    id,
    tag:
      generation === undefined
        ? (recordedTag ?? writtenTag(situation, ownTags.set(id)))
        : ofGeneration(writtenTag(situation, ownTags.set(id)), generation),
    record: record?.reference ?? null,
    generation: generation ?? null,
    stale: record?.source.kind === "own" && record.isStale,
  };
  return {
    version: planVersion,
    config: configOf(config),
    revision: state.revision ?? null,
    pipeline: situation.pipeline ?? null,
    dirty: state.dirty,
    set,
    complete,
    images,
    variables: variablesOf({ images, complete, set }, config, situation, record?.source),
    warnings: [...observation.warnings, ...warnings],
  };
}

function decisionsOf(
  keyed: readonly KeyedImage[],
  observation: Observation,
  config: Config,
  situation: Situation,
  fresh: Freshness,
): Refreshed {
  const distrust: Distrust = {
    refresh: (image) => {
      const sighting = foundOf(observation, image.name);
      return sighting && refreshReasonOf(image, sighting, situation, config, fresh);
    },
    scratch: (image) => scratchReasonOf(image, situation),
  };
  const decideWith = (isMixed: boolean) => {
    const decisions = decideAll(keyed, observation, {
      reference: config.reference,
      hasOwn: situation.own !== undefined,
      isMixed,
    });
    return withRefreshes(keyed, decisions, distrust, situation.own !== undefined);
  };
  // A tag that a user set is given to images of the own registry alone, and so is that of a generation.
  const decided = decideWith(situation.userTag !== undefined);
  return decided.anew.size > 0 ? decideWith(true) : decided;
}

/** Names what a run refreshes; a pipeline is one run, whatever the number of its jobs. */
function generationOf({ pipeline }: Pick<Situation, "pipeline">, now: Date): string {
  return pipeline === undefined ? generationOfMachine(now) : generationOfPipeline(pipeline);
}

function planImage(
  image: KeyedImage,
  decision: Decision,
  config: Config,
  situation: Situation,
  generation: string | undefined,
): PlannedImage {
  const written = writtenTag(situation, ownTags.key(image.key));
  const tag = generation === undefined ? written : ofGeneration(written, generation);
  const repository =
    situation.own === undefined
      ? undefined
      : repositoryOf(situation.own, config.repository, image.name);
  const reference = (): string | null => {
    if (decision.kind === "reuse") return decision.reference;
    if (repository === undefined) return null;
    return printReference(
      decision.kind === "copy" ? withDigest(repository, decision.digest) : withTag(repository, tag),
    );
  };
  return {
    ...image,
    repository: repository === undefined ? null : printRepository(repository),
    tag,
    decision,
    reference: reference(),
  };
}

function endsInOwn(decision: Decision, situation: Situation): boolean {
  if (decision.kind !== "reuse") return true;
  const own = situation.own === undefined ? undefined : printRepository(situation.own);
  return own !== undefined && decision.reference.startsWith(`${own}/`);
}

function configOf(config: Config): PlanConfig {
  const { prefix, upstream, registry, repository, reference, publish, registries, trust } = config;
  return { prefix, upstream, registry, repository, reference, publish, registries, trust };
}
