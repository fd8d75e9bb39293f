/** From a project's CI files to the pipeline that GitLab makes of them. */
import { isDeepStrictEqual } from "node:util";
import { extendAll, resolveReferences } from "./extend.ts";
import { describeJobs, type PipelineJob } from "./job.ts";
import { type JoinRequest, join, type ReadFiles } from "./join.ts";
import { checkConfig } from "./keywords.ts";
import { makeJobs, refuseUnfit, seen } from "./made.ts";
import { textOf } from "./plain.ts";
import type { CiSource, FetchInclude, Include } from "./ports.ts";
import { refuse, refused } from "./refusal.ts";
import { rulesOf, takenRule } from "./rules.ts";
import { flatten, get, isMap, listOf, type YamlMap } from "./tree.ts";
import { override, type Variable, variablesOf } from "./variables.ts";
import { jobKind, type WrittenJob, writtenJobs } from "./written-jobs.ts";

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
  const { jobs, stages, variables: root, rules } = description;
  const { paths } = source;
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

/** A configuration whose files are joined, as far as it is the same for every pipeline. */
type Described = ReturnType<typeof describe>;

/** With all stages that are declared, and the rules of the workflow. */
function describe(joined: YamlMap) {
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

/** A configuration as far as the files at hand tell it, whatever the pipeline is made for. */
export interface Outline {
  /** The files joined, jobs as they are written. */
  readonly written: YamlMap;
  /** Jobs that may run, with what they extend and references in place, as far as that is at hand. */
  readonly jobs: ReadonlyMap<string, YamlMap>;
  /** Variables that hold in every job. */
  readonly variables: readonly Variable[];
  /** All that may be included, at hand or not. */
  readonly includes: readonly Include[];
}

interface OutlineOptions {
  /** Files of other projects; none without it. */
  readonly fetch?: FetchInclude;
  readonly files?: ReadFiles;
}

/** Reads what a project's own files say, and others that are at hand; `undefined` where the text is no configuration. */
export function readOutline(...given: Parameters<typeof outline>): Promise<Outline | undefined> {
  return outline(...given).catch(refused(() => undefined));
}

async function outline(
  text: string,
  source: CiSource,
  { fetch = async () => undefined, files = new Map() }: OutlineOptions = {},
): Promise<Outline> {
  const where = { source: "push", ref: "", kind: "branch", project: source.project } as const;
  const occasion = { ...where, predefined: [], settings: [], changed: undefined };
  const request = { source, fetch, occasion, files, lenient: true };
  const { joined: written, includes } = await join(text, request);
  const config = resolveReferences(extendAll(written, true), true);
  const isSeen = ({ name, kind, written }: WrittenJob): boolean =>
    kind !== "hidden" && isMap(written) && !textOf(name).includes("$[[");
  const jobs = writtenJobs(config).filter(isSeen);
  return {
    written,
    jobs: new Map(jobs.map(({ name, job }) => [textOf(name), job])),
    variables: variablesOf(config.get("variables")),
    includes,
  };
}
