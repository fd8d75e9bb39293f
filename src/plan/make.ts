/** From keyed images and what was observed to the plan; pure. */
import type { Config } from "../config/config.ts";
import { type KeyedImage, setIdOf } from "../image/key.ts";
import { printReference, printRepository, withDigest, withTag } from "../oci/reference.ts";
import { decideAll } from "./decide.ts";
import type { Observation } from "./observe.ts";
import { repositoryOf, writtenSetTag, writtenTag } from "./places.ts";
import type { Decision, Plan, PlanConfig, PlannedImage } from "./plan.ts";
import { planVersion } from "./plan.ts";
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
  warnings: readonly string[],
): Plan {
  const decisions = decideAll(keyed, observation, {
    reference: config.reference,
    hasOwn: situation.own !== undefined,
  });
  const images = keyed.map((image) => {
    const decision = decisions.get(image.name);
    if (decision === undefined) throw new TypeError(`no decision for ${image.name}`);
    return planImage(image, decision, config, situation);
  });
  const complete =
    situation.own !== undefined && images.every(({ decision }) => endsInOwn(decision, situation));
  const id = setIdOf(keyed);
  const { record } = observation;
  const set = {
    id,
    tag: record?.content.tag ?? writtenSetTag(situation, id),
    record: record?.reference ?? null,
  };
  return {
    version: planVersion,
    config: configOf(config),
    revision: state.revision ?? null,
    dirty: state.dirty,
    set,
    complete,
    images,
    variables: variablesOf({ images, complete, set }, config, situation, record?.source),
    warnings: [...observation.warnings, ...warnings],
  };
}

function planImage(
  image: KeyedImage,
  decision: Decision,
  config: Config,
  situation: Situation,
): PlannedImage {
  const tag = writtenTag(situation, image.key);
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
  const { prefix, upstream, registry, repository, reference, publish, registries } = config;
  return { prefix, upstream, registry, repository, reference, publish, registries };
}
