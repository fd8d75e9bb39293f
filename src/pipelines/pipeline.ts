/** From a project's CI files to the pipeline that GitLab makes of them. */
import { isDeepStrictEqual } from "node:util";
import { extendAll, resolveReferences } from "./extend.ts";
import { type JoinRequest, join, type ReadFiles } from "./include.ts";
import { type DescribedJob, describeJobs, type PipelineJob } from "./job.ts";
import { checkConfig, jobKind } from "./job-words.ts";
import { makeJobs, refuseUnfit, seen } from "./made.ts";
import type { Occasion } from "./ports.ts";
import { refuse, refused } from "./refusal.ts";
import { type DescribedRule, rulesOf, takenRule } from "./rules.ts";
import { flatten, get, listOf, textOf, type YamlMap } from "./tree.ts";
import { override, type Variable, variablesOf } from "./variables.ts";

export type PipelineReading =
  /** GitLab's own messages, the one that it shows first. */
  | { readonly errors: readonly string[] }
  /** The workflow's rules make none. */
  | { readonly none: "workflow_rules" }
  /** It would have no jobs but these, which are of `.pre` and `.post`. */
  | { readonly none: "empty"; readonly jobs: readonly PipelineJob[] }
  | {
      readonly jobs: readonly PipelineJob[];
      /** Those that have jobs, in order. */
      readonly stages: readonly string[];
      /** Variables of the whole pipeline, those of the workflow's rule among them. */
      readonly variables: readonly Variable[];
    };

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
export function readPipeline(text: string, request: PipelineRequest): Promise<PipelineReading> {
  return read(text, request).catch(refused(({ errors }) => ({ errors })));
}

async function read(text: string, request: PipelineRequest): Promise<PipelineReading> {
  const { source, occasion, kept: { files, described } = nothingRead() } = request;
  if (text.trim() === "") refuse("Please provide content of .gitlab-ci.yml");
  const { joined } = await join(text, { ...request, files });
  const before = described.find((one) => isDeepStrictEqual(one.joined, joined));
  const description = before?.description ?? describe(joined);
  if (before === undefined) described.push({ joined, description });
  return makePipeline(description, occasion, source.paths);
}

/** A configuration whose files are joined, as far as it is the same for every pipeline. */
interface Described {
  readonly jobs: readonly DescribedJob[];
  /** All that are declared. */
  readonly stages: readonly string[];
  readonly variables: readonly Variable[];
  /** Those of the workflow. */
  readonly rules: readonly DescribedRule[] | undefined;
}

function describe(joined: YamlMap): Described {
  const config = resolveReferences(extendAll(joined));
  const jobs = describeJobs(checkConfig(config));
  const stages = stagesOf(config);
  refuseUnfit(jobs, stages);
  const workflow = config.get("workflow");
  return {
    jobs,
    stages,
    variables: variablesOf(config.get("variables")),
    rules: rulesOf(jobKind("", workflow) === undefined ? get(workflow, "rules") : null),
  };
}

/** With the outermost stages at the ends, wherever they are declared; none where none are. */
function stagesOf(config: YamlMap): readonly string[] {
  const own = listOf(config.get("stages") ?? ["build", "test", "deploy"]);
  if (own.length === 0) return [];
  const inner = flatten(own).map(textOf).filter(isInner);
  return [...new Set([".pre", ...inner, ".post"])];
}

function isInner(stage: string): boolean {
  return stage !== ".pre" && stage !== ".post";
}

function makePipeline(
  { jobs, stages, variables: root, rules }: Described,
  occasion: Occasion,
  paths: readonly string[],
): PipelineReading {
  const sight = { occasion, variables: seen(occasion, [], root), paths };
  const taken = rules && takenRule(rules, sight);
  if (rules !== undefined && taken === undefined) return { none: "workflow_rules" };
  const variables = override(root, taken?.variables ?? []);
  const scene = { occasion, paths, variables, hasWorkflow: rules !== undefined };
  const made = makeJobs(jobs, stages, scene);
  const used = stages.filter((stage) => made.some((job) => job.stage === stage));
  if (!used.some(isInner)) return { none: "empty", jobs: made };
  return { jobs: made, stages: used, variables };
}
