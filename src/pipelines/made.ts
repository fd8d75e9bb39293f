/** The jobs of one pipeline: what rules make of the jobs that the configuration describes. */
import { type JobCore, type Need, needOf, variablesOf } from "./job.ts";
import type { PartJob } from "./parallel.ts";
import type { Occasion } from "./ports.ts";
import { isAdmitted, matchingRule } from "./rules.ts";
import { flatten, get, textOf, type Value, type YamlMap } from "./tree.ts";
import { expand, expandAll, override, type Variable, valuesOf } from "./variables.ts";

/** A job of a pipeline, before anything has run. */
export interface PipelineJob extends JobCore {
  readonly needs: readonly Need[];
}

/** All that rules see, the lowest first. */
export function seen(occasion: Occasion, job: readonly Variable[], yaml: readonly Variable[]) {
  return [...job, ...occasion.predefined, ...yaml, ...occasion.settings];
}

export interface Scene {
  readonly occasion: Occasion;
  readonly paths: readonly string[];
  readonly variables: readonly Variable[];
  readonly hasWorkflow: boolean;
}

const mostNeeds = 50;

export function makeJobs(jobs: readonly PartJob[], stages: readonly string[], scene: Scene) {
  const ordered = stages.flatMap((stage) => jobs.filter(({ core }) => core.stage === stage));
  const made = ordered.flatMap((job) => makeJob(job, scene) ?? []);
  const names = new Set(made.map(({ job }) => job.name));
  const errors = made.flatMap(({ job, circle }) => [
    ...needErrors(job, names),
    ...(circle === undefined ? [] : [`${job.name}: ${circle}`]),
  ]);
  return { jobs: made.map(({ job }) => job), errors };
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
function makeJob(job: PartJob, scene: Scene) {
  const yaml = override(inheritedBy(job, scene.variables), job.core.variables);
  const variables = seen(scene.occasion, ownVariables(job), yaml);
  const sight = { occasion: scene.occasion, variables, paths: scene.paths, job: job.core.name };
  const rule = job.rules && matchingRule(job.rules, sight);
  if (job.rules !== undefined && (rule === undefined || rule.get("when") === "never"))
    return undefined;
  const isFree = scene.hasWorkflow && job.only === null && job.except === null;
  if (job.rules === undefined && !isFree && !isAdmitted(job.only, job.except, sight))
    return undefined;
  const { error } = expandAll(variables);
  return { job: ruled(job, rule, yaml, variables), circle: error };
}

function inheritedBy({ inherits }: PartJob, variables: readonly Variable[]): readonly Variable[] {
  if (typeof inherits === "boolean") return inherits ? variables : [];
  return variables.filter(({ key }) => inherits.includes(key));
}

/** Variables that tell a job about itself. */
function ownVariables({ core, part }: PartJob): readonly Variable[] {
  const { name, stage, when, options } = core;
  const environment = (options["environment"] as { readonly name?: string } | undefined)?.name;
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
  const own: Readonly<Record<string, string | undefined>> = {
    CI_JOB_NAME: name,
    CI_JOB_NAME_SLUG: slug,
    CI_JOB_STAGE: stage,
    CI_JOB_MANUAL: when === "manual" ? "true" : undefined,
    CI_NODE_INDEX: part && String(part.index),
    CI_NODE_TOTAL: String(part?.total ?? 1),
    CI_ENVIRONMENT_NAME: environment,
  };
  return Object.entries(own).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value }],
  );
}

function ruled(
  { core, needs }: PartJob,
  rule: YamlMap | undefined,
  yaml: readonly Variable[],
  variables: readonly Variable[],
): PipelineJob {
  const part = (key: string): Value => get(rule, key);
  const own = flatten(part("needs")).map(needOf);
  const failure = part("allow_failure");
  const { allow_failure: _, ...unconditional } = core.options;
  const options = failure === null ? core.options : unconditional;
  const start = part("start_in") === null ? {} : { start_in: textOf(part("start_in")) };
  const interruptible = part("interruptible");
  return {
    ...core,
    when: textOf(part("when") ?? core.when),
    allowFailure: failure === null ? core.allowFailure : failure === true,
    scheduling: own.length > 0 ? "dag" : core.scheduling,
    needs: own.length > 0 ? own : needs,
    variables: override(yaml, variablesOf(part("variables"))),
    tags: core.tags?.map((tag) => expand(tag, valuesOf(variables), "stays")),
    interruptible: interruptible === null ? core.interruptible : interruptible === true,
    options: { ...options, ...start },
  };
}
