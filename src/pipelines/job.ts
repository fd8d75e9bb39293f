/** Jobs as the configuration describes them, whatever the pipeline; one with `parallel` is several. */
import type { SoundJob } from "./job-words.ts";
import {
  flatten,
  get,
  isList,
  isMap,
  listOf,
  type PlainMap,
  refuse,
  textOf,
  type Value,
} from "./tree.ts";
import { override, type Variable, valuesOf, variablesOf } from "./variables.ts";

export interface Need {
  readonly job: string;
  readonly optional: boolean;
  readonly artifacts: boolean;
}

/** A need of a job of another pipeline; its variables are filled in when the job runs. */
interface CrossNeed {
  readonly pipeline: string;
  readonly job: string;
  readonly artifacts: boolean;
}

/** A job of a pipeline, before anything has run. */
export interface PipelineJob {
  readonly name: string;
  readonly type: "job" | "trigger";
  readonly stage: string;
  readonly when: string;
  readonly allowFailure: boolean;
  readonly scheduling: "dag" | "stage";
  readonly needs: readonly Need[];
  readonly crossNeeds: readonly CrossNeed[];
  /** Its variables in the configuration, unexpanded, those that win first. */
  readonly variables: readonly Variable[];
  readonly tags: readonly string[] | undefined;
  readonly interruptible: boolean | undefined;
  readonly resourceGroup: string | undefined;
  readonly dependencies: readonly string[] | undefined;
  /** The rest as GitLab holds it, such as `script`, `image` and `artifacts`. */
  readonly options: PlainMap;
}

/** A job before its rules are asked. */
export interface DescribedJob {
  readonly job: PipelineJob;
  readonly rules: readonly Value[] | undefined;
  /** `only` and `except`; GitLab's default for them where neither they nor rules are given. */
  readonly only: Value;
  readonly except: Value;
  /** Which variables of the whole pipeline it takes over. */
  readonly inherits: boolean | readonly string[];
  readonly part: Part;
}

/** What tells a job of several from the others, or the only one. */
interface Part {
  readonly name: string;
  readonly variables: readonly Variable[];
  readonly place?: { readonly index: number; readonly total: number };
}

/** Those of each job that is several; none where a matrix has no rows. */
type Parts = ReadonlyMap<string, readonly Part[]>;

/** Describes jobs in order; a need that names no variable of its matrix is a `CiRefusal`. */
export function describeJobs(jobs: readonly SoundJob[]): readonly DescribedJob[] {
  const several = jobs.filter(({ job }) => get(job, "parallel") !== null);
  const parts = new Map(
    several.map(({ name, job }) => [name, partsOf(name, get(job, "parallel"))] as const),
  );
  return jobs.flatMap((job) => {
    const own: readonly Part[] = parts.get(job.name) ?? [{ name: job.name, variables: [] }];
    return own.map((part) => describeJob(job, part, parts));
  });
}

function partsOf(name: string, parallel: Value): readonly Part[] {
  const rows: readonly (readonly Variable[])[] = isMap(parallel)
    ? cellsOf(parallel)
    : Array.from({ length: Number(parallel) }, () => []);
  return rows.map((variables, index) => {
    const place = { index: index + 1, total: rows.length };
    const values = variables.map(({ value }) => value).join(", ");
    const told = isMap(parallel) ? `: [${values}]` : ` ${place.index}/${place.total}`;
    return { name: name + told, variables, place };
  });
}

/** The variables of each cell of a matrix. */
export function cellsOf(parallel: Value): readonly (readonly Variable[])[] {
  return listOf(get(parallel, "matrix")).flatMap((row) => {
    let cells: readonly (readonly Variable[])[] = [[]];
    for (const [key, values] of isMap(row) ? row : []) {
      const axis = (isList(values) ? values : [values]).map(textOf);
      cells = cells.flatMap((cell) => axis.map((value) => [...cell, { key: textOf(key), value }]));
    }
    return cells;
  });
}

function describeJob(sound: SoundJob, part: Part, parts: Parts): DescribedJob {
  const { name, job } = sound;
  const all = (key: string): readonly string[] | undefined =>
    get(job, key) === null ? undefined : listOf(get(job, key)).map(textOf);
  const failure = get(job, "allow_failure");
  const interruptible = get(job, "interruptible");
  const variables = override(variablesOf(get(job, "variables")), part.variables);
  const needs = flatten(get(job, "needs"));
  const near = needs.filter((need) => !isCrossing(need));
  const rules = get(job, "rules");
  const inherits = get(job, "inherit", "variables") ?? true;
  return {
    job: {
      name: part.name,
      type: sound.kind === "job" ? "job" : "trigger",
      stage: textOf(get(job, "stage") ?? "test"),
      when: textOf(get(job, "when")) || "on_success",
      allowFailure: failure === null ? get(job, "when") === "manual" : failure === true,
      scheduling: get(job, "needs") === null ? "stage" : "dag",
      needs: near.flatMap((need) => needsOf(fillIn(need, valuesOf(variables), name), parts)),
      crossNeeds: needs.filter(isCrossing).map(crossNeedOf),
      variables,
      tags: all("tags"),
      interruptible: typeof interruptible === "boolean" ? interruptible : undefined,
      resourceGroup: all("resource_group")?.[0],
      dependencies: all("dependencies")?.flatMap(
        (each) => parts.get(each)?.map((one) => one.name) ?? each,
      ),
      options: optionsOf(sound, part),
    },
    rules: rules === null ? undefined : flatten(rules),
    only: get(job, "only"),
    except: get(job, "except"),
    inherits: isList(inherits) ? inherits.map(textOf) : inherits === true,
    part,
  };
}

const elsewhere =
  "extends when resource_group stage only except rules variables inherit tags interruptible needs";

function optionsOf({ data }: SoundJob, { place }: Part): PlainMap {
  const own = Object.entries(data).filter(([key]) => !elsewhere.split(" ").includes(key));
  const options = Object.fromEntries(own);
  if (place === undefined) return options;
  const { parallel } = options;
  const rows = typeof parallel === "number" ? { number: parallel } : (parallel as PlainMap);
  return { ...options, parallel: { ...rows, total: place.total }, instance: place.index };
}

export function needOf(need: Value): Need {
  const job = textOf(isMap(need) ? need.get("job") : need);
  const artifacts = get(need, "artifacts") !== false;
  return { job, optional: get(need, "optional") === true, artifacts };
}

function isCrossing(need: Value): boolean {
  return get(need, "pipeline") !== null;
}

function crossNeedOf(need: Value): CrossNeed {
  const { job, artifacts } = needOf(need);
  return { pipeline: textOf(get(need, "pipeline")), job, artifacts };
}

/** A need of a job that is several is one of those that are meant. */
function needsOf(need: Value, parts: Parts): readonly Need[] {
  const whole = needOf(need);
  const all = parts.get(whole.job);
  if (all === undefined) return [whole];
  const chosen = get(need, "parallel");
  const meant = chosen === null ? all : partsOf(whole.job, chosen);
  return meant.map(({ name }) => ({ ...whole, job: name }));
}

const block = /\$\[\[\s*matrix\.([a-zA-Z0-9_-]+)\s*\]\]/g;

/** Puts values of the own matrix into a need. */
function fillIn(value: Value, values: ReadonlyMap<string, string>, job: string): Value {
  if (isList(value)) return value.map((each) => fillIn(each, values, job));
  if (isMap(value))
    return new Map([...value].map(([key, each]) => [key, fillIn(each, values, job)]));
  if (typeof value !== "string") return value;
  return value.replace(block, (_, name: string) => {
    const told = `${job} job: '${name}' does not exist in matrix configuration`;
    return values.get(name) ?? refuse(told);
  });
}
