/** From a project's CI files to the pipeline that GitLab makes of them. */
import { extendAll, resolveReferences, withEdgeStages, wrapStages } from "./extend.ts";
import { join } from "./include.ts";
import { type DescribedJob, describeJob, variablesOf } from "./job.ts";
import { jobKind, problemsOf, visibleJobs } from "./job-words.ts";
import { refuseUnfit } from "./logic.ts";
import { makeJobs, type PipelineJob, seen } from "./made.ts";
import { splitJobs } from "./parallel.ts";
import type { CiSource, FetchInclude, Occasion } from "./ports.ts";
import { matchingRule, type Sight } from "./rules.ts";
import {
  CiRefusal,
  flatten,
  get,
  isMap,
  type PlainMap,
  plain,
  refuse,
  textOf,
  type Value,
  type YamlMap,
} from "./tree.ts";
import { override, type Variable } from "./variables.ts";

export interface MadePipeline {
  readonly jobs: readonly PipelineJob[];
  /** Those that have jobs, in order. */
  readonly stages: readonly string[];
  /** Variables of the whole pipeline, those of the workflow's rule among them. */
  readonly variables: readonly Variable[];
  /** The same as a form for a person who starts a pipeline, with descriptions and options. */
  readonly prefill: PlainMap;
  /** Unexpanded. */
  readonly name: string | undefined;
  readonly autoCancel: PlainMap;
  readonly warnings: readonly string[];
}

export type PipelineReading =
  /** GitLab's own messages, the one that it shows first. */
  | { readonly errors: readonly string[] }
  /** The workflow's rules make none. */
  | { readonly none: "workflow_rules" }
  /** It would have no jobs but these, which are of `.pre` and `.post`. */
  | { readonly none: "empty"; readonly jobs: readonly PipelineJob[] }
  | MadePipeline;

export interface PipelineRequest {
  readonly source: CiSource;
  readonly fetch: FetchInclude;
  readonly occasion: Occasion;
  readonly inputs?: YamlMap | undefined;
}

/** Reads a pipeline as GitLab does, from the text of its root file on. */
export async function readPipeline(
  text: string,
  request: PipelineRequest,
): Promise<PipelineReading> {
  const { source, fetch, occasion, inputs } = request;
  try {
    if (text.trim() === "") refuse("Please provide content of .gitlab-ci.yml");
    const joining = { occasion, fetch, includes: [], lenient: false };
    const joined = await join(text, inputs, { source }, joining);
    const config = withEdgeStages(resolveReferences(extendAll(joined)));
    return makePipeline(config, occasion, source.paths);
  } catch (error) {
    if (error instanceof CiRefusal) return { errors: [error.message] };
    throw error;
  }
}

function makePipeline(
  config: YamlMap,
  occasion: Occasion,
  paths: readonly string[],
): PipelineReading {
  const errors = problemsOf(config);
  if (errors.length > 0) return { errors };
  const described = [...visibleJobs(config)].map(([name, job]) =>
    describeJob(name, job, get(config, name, "timeout")),
  );
  const split = splitJobs(described);
  const named = config.get("stages") ?? wrapStages(["build", "test", "deploy"]);
  const stages = [...new Set(flatten(named).map(textOf))];
  refuseUnfit(split, stages);
  const root = variablesOf(config.get("variables"));
  const workflow = config.get("workflow");
  const own = jobKind("", workflow) === undefined ? workflow : undefined;
  const sight = { occasion, variables: seen(occasion, [], root), paths };
  const taken = workflowRule(get(own, "rules"), sight);
  if (taken === undefined) return { none: "workflow_rules" };
  const variables = override(root, variablesOf(get(taken, "variables")));
  const scene = { occasion, paths, variables, hasWorkflow: isMap(own) && own.has("rules") };
  const made = makeJobs(split, stages, scene);
  if (made.errors.length > 0) return { errors: made.errors };
  const used = stages.filter((stage) => made.jobs.some((job) => job.stage === stage));
  if (used.every((stage) => stage === ".pre" || stage === ".post"))
    return { none: "empty", jobs: made.jobs };
  return {
    jobs: made.jobs,
    stages: used,
    variables,
    prefill: prefillOf(config.get("variables")),
    name: get(own, "name") === null ? undefined : textOf(get(own, "name")).trim(),
    autoCancel: { ...mapOf(get(own, "auto_cancel")), ...mapOf(get(taken, "auto_cancel")) },
    warnings: scene.hasWorkflow ? [] : described.flatMap(warningOf),
  };
}

function mapOf(value: Value | undefined): PlainMap {
  return isMap(value) ? (plain(value) as PlainMap) : {};
}

function prefillOf(variables: Value | undefined): PlainMap {
  const all = isMap(variables) ? [...variables] : [];
  return Object.fromEntries(
    all.map(([key, value]) => {
      const { value: own, expand: _, ...form } = mapOf(isMap(value) ? value : undefined);
      return [textOf(key), { ...form, value: isMap(value) ? String(own ?? "") : textOf(value) }];
    }),
  );
}

/** An empty rule where there are none; `undefined` where they make no pipeline. */
function workflowRule(rules: Value, sight: Sight): YamlMap | undefined {
  if (rules === null) return new Map();
  const rule = matchingRule(flatten(rules), sight);
  return rule?.get("when") === "never" ? undefined : rule;
}

function warningOf({ core: { name }, rules }: DescribedJob): readonly string[] {
  const last = rules?.at(-1);
  const isBare = isMap(last) && last.size === 1 && last.has("when") && last.get("when") !== "never";
  const page =
    "https://docs.gitlab.com/ee/ci/jobs/job_troubleshooting.html#job-may-allow-multiple-pipelines-to-run-for-a-single-action-warning";
  return isBare
    ? [
        `jobs:${name} may allow multiple pipelines to run for a single action due to \`rules:when\` clause with no \`workflow:rules\` - read more: ${page}`,
      ]
    : [];
}
