/** From a project's CI files to the pipeline that GitLab makes of them. */
import { isDeepStrictEqual } from "node:util";
import { extendAll, resolveReferences } from "./extend.ts";
import { type JoinRequest, join, type ReadFiles } from "./include.ts";
import { type DescribedJob, describeJobs, type PipelineJob } from "./job.ts";
import { checkConfig, jobKind, type SoundJob } from "./job-words.ts";
import { makeJobs, refuseUnfit, seen } from "./made.ts";
import type { Occasion } from "./ports.ts";
import { takenRule } from "./rules.ts";
import {
  CiRefusal,
  flatten,
  get,
  isMap,
  listOf,
  type PlainMap,
  plain,
  refuse,
  textOf,
  type Value,
  type YamlMap,
} from "./tree.ts";
import { override, type Variable, variablesOf } from "./variables.ts";

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

export interface PipelineRequest extends Omit<JoinRequest, "files" | "lenient"> {
  /** Given to several readings, it saves those after the first what they have in common. */
  readonly kept?: ReadBefore;
}

/** What follows from texts alone, so that it is made once. */
export interface ReadBefore {
  readonly files: ReadFiles;
  readonly described: { readonly joined: YamlMap; readonly description: Described }[];
}

export function nothingRead(): ReadBefore {
  return { files: new Map(), described: [] };
}

/** Reads a pipeline as GitLab does, from the text of its root file on. */
export async function readPipeline(
  text: string,
  request: PipelineRequest,
): Promise<PipelineReading> {
  const { source, occasion, kept = nothingRead() } = request;
  const { files, described } = kept;
  try {
    if (text.trim() === "") refuse("Please provide content of .gitlab-ci.yml");
    const { joined } = await join(text, { ...request, files });
    const before = described.find((one) => isDeepStrictEqual(one.joined, joined));
    const description = before?.description ?? describe(joined);
    if (before === undefined) described.push({ joined, description });
    return makePipeline(description, occasion, source.paths);
  } catch (error) {
    if (error instanceof CiRefusal) return { errors: [error.message] };
    throw error;
  }
}

/** A configuration whose files are joined, as far as it is the same for every pipeline. */
interface Description extends Pick<MadePipeline, "variables" | "prefill" | "warnings"> {
  readonly jobs: readonly DescribedJob[];
  /** All that are declared. */
  readonly stages: readonly string[];
  readonly workflow: Value | undefined;
}

type Described = Description | { readonly errors: readonly string[] };

function describe(joined: YamlMap): Described {
  const config = resolveReferences(extendAll(joined));
  const { problems, jobs: sound } = checkConfig(config);
  if (problems.length > 0) return { errors: problems };
  const jobs = describeJobs(sound);
  const stages = stagesOf(config);
  refuseUnfit(jobs, stages);
  const workflow = config.get("workflow");
  return {
    jobs,
    stages,
    variables: variablesOf(config.get("variables")),
    prefill: prefillOf(config.get("variables")),
    workflow: jobKind("", workflow) === undefined ? workflow : undefined,
    warnings: sound.flatMap(warningOf),
  };
}

/** With the outermost stages at the ends, wherever they are declared; none where none are. */
function stagesOf(config: YamlMap): readonly string[] {
  const own = listOf(config.get("stages") ?? ["build", "test", "deploy"]);
  if (own.length === 0) return [];
  const [first, last] = [".pre", ".post"];
  const inner = flatten(own.filter((stage) => stage !== first && stage !== last)).map(textOf);
  return [...new Set([first, ...inner, last])];
}

function makePipeline(
  description: Described,
  occasion: Occasion,
  paths: readonly string[],
): PipelineReading {
  if ("errors" in description) return description;
  const { jobs, stages, variables: root, prefill, workflow, warnings } = description;
  const sight = { occasion, variables: seen(occasion, [], root), paths };
  const rules = get(workflow, "rules");
  const taken = rules === null ? new Map() : takenRule(flatten(rules), sight);
  if (taken === undefined) return { none: "workflow_rules" };
  const variables = override(root, variablesOf(get(taken, "variables")));
  const hasWorkflow = isMap(workflow) && workflow.has("rules");
  const made = makeJobs(jobs, stages, { occasion, paths, variables, hasWorkflow });
  if (made.errors.length > 0) return { errors: made.errors };
  const used = stages.filter((stage) => made.jobs.some((job) => job.stage === stage));
  if (used.every((stage) => stage === ".pre" || stage === ".post"))
    return { none: "empty", jobs: made.jobs };
  return {
    jobs: made.jobs,
    stages: used,
    variables,
    prefill,
    name: get(workflow, "name") === null ? undefined : textOf(get(workflow, "name")).trim(),
    autoCancel: { ...mapOf(get(workflow, "auto_cancel")), ...mapOf(get(taken, "auto_cancel")) },
    warnings: hasWorkflow ? [] : warnings,
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

function warningOf({ name, job }: SoundJob): readonly string[] {
  const last = flatten(get(job, "rules")).at(-1);
  const isBare = isMap(last) && last.size === 1 && last.has("when") && last.get("when") !== "never";
  const page =
    "https://docs.gitlab.com/ee/ci/jobs/job_troubleshooting.html#job-may-allow-multiple-pipelines-to-run-for-a-single-action-warning";
  return isBare
    ? [
        `jobs:${name} may allow multiple pipelines to run for a single action due to \`rules:when\` clause with no \`workflow:rules\` - read more: ${page}`,
      ]
    : [];
}
