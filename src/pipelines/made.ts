/** The jobs of one pipeline: what rules make of the jobs that the configuration describes, where these fit together. */
import { slugOf } from "../config/promoted.ts";
import { type DescribedJob, needsOf, type PipelineJob } from "./job.ts";
import type { Occasion } from "./ports.ts";
import { refuse } from "./refusal.ts";
import { isAdmitted, type Sight, takenRule } from "./rules.ts";
import { flatten, isHash, isText, type Plain } from "./tree.ts";
import { expand, listed, override, type Variable, valuesOf } from "./variables.ts";

/** All that rules see, the lowest first. */
export function seen(occasion: Occasion, job: readonly Variable[], yaml: readonly Variable[]) {
  return [...job, ...occasion.predefined, ...yaml, ...occasion.settings];
}

/** Variables are those of the pipeline. */
interface Scene extends Sight {
  readonly hasWorkflow: boolean;
}

const mostNeeds = 50;

export function makeJobs(jobs: readonly DescribedJob[], stages: readonly string[], scene: Scene) {
  const ordered = stages.flatMap((stage) => jobs.filter(({ job }) => job.stage === stage));
  const made = ordered.flatMap((job) => makeJob(job, scene) ?? []);
  const names = new Set(made.map(({ name }) => name));
  const errors = made.flatMap((job) => needErrors(job, names));
  return errors.length > 0 ? refuse(...errors) : made;
}

function needErrors({ name, needs }: PipelineJob, present: ReadonlySet<string>): readonly string[] {
  if (needs.length > mostNeeds)
    return [
      `${name}: one job can only need ${mostNeeds} others, but you have listed ${needs.length}. See needs keyword documentation for more details`,
    ];
  return needs
    .filter(({ job, optional }) => !optional && !present.has(job))
    .map(
      ({ job }) =>
        `'${name}' job needs '${job}' job, but '${job}' does not exist in the pipeline. This might be because of the only, except, or rules keywords. To need a job that sometimes does not exist in the pipeline, use needs:optional.`,
    );
}

/** `undefined` where rules or policies leave the job out. */
function makeJob({ job, rules }: DescribedJob, scene: Scene): PipelineJob | undefined {
  const { only, except } = job.options;
  const yaml = override(inheritedBy(job, scene.variables), job.variables);
  const variables = seen(scene.occasion, ownVariables(job), yaml);
  const sight = { ...scene, variables };
  const rule = rules && takenRule(rules, sight);
  const isFree = scene.hasWorkflow && only === undefined && except === undefined;
  const isIn = rules === undefined ? isFree || isAdmitted(only, except, sight) : rule !== undefined;
  if (!isIn) return undefined;
  const { said = {}, variables: above = [] } = rule ?? {};
  const { when = job.when, allow_failure: failure = job.allowFailure } = said;
  const needs = needsOf(said["needs"]);
  return {
    ...job,
    when: String(when),
    allowFailure: failure === true,
    ...(needs.length > 0 && { scheduling: "dag", needs }),
    variables: override(yaml, above),
    tags: job.tags?.map((tag) => expand(tag, valuesOf(variables), "stays")),
    options: { ...job.options, ...said },
  };
}

/** Variables of the whole pipeline that a job takes over. */
function inheritedBy({ options: { inherit } }: PipelineJob, variables: readonly Variable[]) {
  const taken = (isHash(inherit) ? inherit["variables"] : undefined) ?? true;
  return variables.filter(({ key }) => taken === true || flatten(taken).includes(key));
}

/** Variables that tell a job about itself. */
function ownVariables({ name, stage, when, options, place }: PipelineJob): readonly Variable[] {
  const { environment } = options;
  return listed({
    CI_JOB_NAME: name,
    CI_JOB_NAME_SLUG: slugOf(name),
    CI_JOB_STAGE: stage,
    CI_JOB_MANUAL: ["manual", "delayed"].includes(when) ? "true" : undefined,
    CI_NODE_INDEX: place && String(place.index),
    CI_NODE_TOTAL: String(place?.total ?? 1),
    CI_ENVIRONMENT_NAME: isText(environment) ? environment : memberOf(environment, "name"),
  });
}

/** A text under a key of an option that is a map. */
function memberOf(option: Plain | undefined, key: string): string | undefined {
  const found = isHash(option) ? option[key] : undefined;
  return isText(found) ? found : undefined;
}

/** What does not fit once all jobs are there is a `CiRefusal`: stages, needs and dependencies. */
export function refuseUnfit(jobs: readonly DescribedJob[], stages: readonly string[]): void {
  const byName = new Map(jobs.map(({ job }) => [job.name, job]));
  const stageOf = (name: string): number => stages.indexOf(byName.get(name)?.stage ?? "");
  const refuseName = (job: PipelineJob, name: string, kind: "need" | "dependency"): void => {
    if (!byName.has(name)) refuse(`${job.name} job: undefined ${kind}: ${name}`);
    if (stageOf(name) > stageOf(job.name) || stageOf(name) < 0)
      refuse(`${job.name} job: ${kind} ${name} is not defined in current or prior stages`);
  };
  for (const { job, rules } of jobs) {
    if (!stages.includes(job.stage))
      refuse(
        `${job.name} job: chosen stage ${job.stage} does not exist; available stages are ${stages.join(", ")}`,
      );
    for (const name of job.dependencies ?? []) refuseName(job, name, "dependency");
    for (const needs of [job.needs, ...(rules ?? []).map(({ said }) => needsOf(said["needs"]))]) {
      for (const { job: name, optional } of needs)
        if (!optional || byName.has(name)) refuseName(job, name, "need");
    }
    for (const name of generators(job)) refuseName(job, name, "dependency");
  }
}

const mostIncluded = 3;

/** Jobs that make the configuration of a child pipeline. */
function generators({ name, options: { trigger } }: PipelineJob): readonly string[] {
  const include = isHash(trigger) ? flatten(trigger["include"]) : [];
  if (include.length > mostIncluded)
    refuse(`jobs:${name}:trigger:include config is too long (maximum is ${mostIncluded})`);
  return include.flatMap((entry) => memberOf(entry, "job") ?? []);
}
