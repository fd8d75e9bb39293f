/** From a project's CI files to the pipeline that GitLab makes of them. */
import { isDeepStrictEqual } from "node:util";
import { describeJobs, type PipelineJob } from "./job.ts";
import { type JoinRequest, join, type ReadFiles } from "./join.ts";
import { makeJobs, refuseUnfit, seen } from "./made.ts";
import type { CiSource, FetchInclude } from "./ports.ts";
import { attempt, CiRefusal, refuse, refused } from "./refusal.ts";
import { rulesOf, takenRule } from "./rules.ts";
import {
  flatten,
  get,
  inspect,
  isMap,
  listOf,
  merge,
  rewrite,
  textOf,
  type Value,
  type YamlMap,
  YamlReference,
} from "./tree.ts";
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
  const jobs = describeJobs(writtenJobs(config));
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
export type Outline = Awaited<ReturnType<typeof outline>>;

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
) {
  const where = { source: "push", ref: "", kind: "branch", project: source.project } as const;
  const occasion = { ...where, predefined: [], settings: [] };
  const request = { source, fetch, occasion, files, lenient: true };
  const { joined: written, includes } = await join(text, request);
  const config = resolveReferences(extendAll(written, true), true);
  const isSeen = ({ name, kind, written }: WrittenJob): boolean =>
    kind !== "hidden" && isMap(written) && !textOf(name).includes("$[[");
  const jobs = writtenJobs(config).filter(isSeen);
  return {
    /** The files joined, jobs as they are written. */
    written,
    /** Jobs that may run, with what they extend and references in place, as far as that is at hand. */
    jobs: new Map(jobs.map(({ name, job }) => [textOf(name), job])),
    /** Variables that hold in every job. */
    variables: variablesOf(config.get("variables")),
    /** All that may be included, at hand or not. */
    includes,
  };
}

const mostLevels = 10;

/**
 * Gives all jobs with what they extend; `extends` itself stays. With `lenient` bases may be missing: one that is not at
 * hand, or extends itself, may say anything, so what is below it counts for nothing.
 */
export function extendAll(config: YamlMap, lenient = false): YamlMap {
  const done = new Map<Value, YamlMap>();
  const extend = (key: Value, above: readonly Value[]): YamlMap | undefined => {
    const job = config.get(key);
    if (!isMap(job)) return undefined;
    const before = done.get(key);
    if (before !== undefined) return before;
    const names = listOf(job.get("extends")).map(textOf);
    const unknown = names.filter((base) => !config.has(base));
    if (unknown.length > 0 && !lenient)
      refuse(`${textOf(key)}: unknown keys in \`extends\` (${unknown.join(", ")})`);
    const isTooDeep = names.length > 0 && above.length > mostLevels;
    if (isTooDeep && !lenient) refuse(`${textOf(key)}: nesting too deep in \`extends\``);
    if (isTooDeep || above.includes(key)) return undefined;
    const bases = names.map((name) => extend(name, [...above, key]));
    const known = bases
      .slice(bases.lastIndexOf(undefined) + 1)
      .filter((base) => base !== undefined);
    const whole = [...known, job].reduce(merge, new Map());
    done.set(key, whole);
    return whole;
  };
  return new Map([...config].map(([key, value]) => [key, extend(key, []) ?? value]));
}

/** No person writes references that lead further. */
const mostSteps = 100;

/** Puts values in place of references, wherever they lead; with `lenient` one that leads nowhere stays. */
function resolveReferences(config: YamlMap, lenient = false): YamlMap {
  const known = new Map<YamlReference, Value | "open">();
  const resolve = (value: Value, steps = 0): Value => {
    if (!(value instanceof YamlReference)) return value;
    if (!lenient) return follow(value, steps);
    const found = attempt(() => follow(value, steps));
    return found instanceof CiRefusal ? value : found;
  };
  const follow = (reference: YamlReference, steps: number): Value => {
    const { path } = reference;
    const told = inspect(reference);
    if (steps > mostSteps) refuse(`${told} leads further than ${mostSteps} references`);
    if (path.length === 0 || !path.every((key) => typeof key === "string"))
      return refuse(`${told} is not valid`);
    const before = known.get(reference);
    if (before === "open") refuse(`${told} is part of a circular chain`);
    if (before !== undefined) return before;
    known.set(reference, "open");
    const found = rewrite(get(config, ...path), (value) => resolve(value, steps + 1));
    if (found === null || found === false) refuse(`${told} could not be found`);
    known.set(reference, found);
    return found;
  };
  return rewrite(config, (value) => resolve(value)) as YamlMap;
}
