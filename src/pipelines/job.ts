/** Jobs as the configuration describes them, whatever the pipeline; one with `parallel` is several. */
import type { Values } from "./expression.ts";
import { refuse } from "./refusal.ts";
import { type DescribedRule, rulesOf } from "./rules.ts";
import {
  flatten,
  get,
  isHash,
  isText,
  type Plain,
  type PlainMap,
  plain,
  rewrite,
  textOf,
  type Value,
} from "./tree.ts";
import { override, type Variable, valuesOf, variablesOf } from "./variables.ts";
import type { WrittenJob } from "./written-jobs.ts";

export interface Need {
  readonly job: string;
  readonly optional: boolean;
  readonly artifacts: boolean;
  /** Another one that has the job, as it is written: variables are filled in when the job runs. */
  readonly pipeline?: string;
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
  readonly crossNeeds: readonly Need[];
  /** Its variables in the configuration, unexpanded, those that win first. */
  readonly variables: readonly Variable[];
  readonly tags: readonly string[] | undefined;
  readonly dependencies: readonly string[] | undefined;
  /** Which one it is of a job that is several. */
  readonly place?: { readonly index: number; readonly total: number } | undefined;
  /** All that it says, as it is written, and the rule that takes it over that. */
  readonly options: PlainMap;
}

/** A job before its rules are asked. */
export interface DescribedJob {
  readonly job: PipelineJob;
  readonly rules: readonly DescribedRule[] | undefined;
}

/** What tells a job of several from the others, or the only one. */
type Part = Pick<PipelineJob, "name" | "variables" | "place">;

/** Those of each job; none where a matrix has no rows. */
type Parts = ReadonlyMap<string, readonly Part[]>;

/** Describes jobs in order; a need that names no variable of its matrix is a `CiRefusal`. */
export function describeJobs(written: readonly WrittenJob[]): readonly DescribedJob[] {
  const jobs = written.filter(({ kind }) => kind === "job" || kind === "bridge");
  const parallel = jobs.map(({ name, data }) => [textOf(name), data["parallel"]] as const);
  const parts = new Map(parallel.map(([name, own]) => [name, partsOf(name, own)]));
  return jobs.flatMap((job) => {
    return (parts.get(textOf(job.name)) ?? []).map((part) => describeJob(job, part, parts));
  });
}

const mostJobs = 200;
const tooMany = mostJobs + 1;

function partsOf(name: string, parallel: Plain | undefined): readonly Part[] {
  if (parallel === undefined) return [{ name, variables: [] }];
  const isMatrix = isHash(parallel) && "matrix" in parallel;
  const count = Math.min(typeof parallel === "number" ? parallel : 0, tooMany);
  const rows = isMatrix ? cellsOf(parallel) : Array.from({ length: count }, () => []);
  if (rows.length >= tooMany || (rows.length === 0 && !isMatrix))
    refuse(
      `jobs:${name}:parallel config should be a matrix or a number of at most ${mostJobs} jobs`,
    );
  return rows.map((variables, index) => {
    const place = { index: index + 1, total: rows.length };
    const values = variables.map(({ value }) => value).join(", ");
    const told = isMatrix ? `: [${values}]` : ` ${place.index}/${place.total}`;
    return { name: name + told, variables, place };
  });
}

/** The variables of each cell of a matrix, as far as GitLab takes so many. */
export function cellsOf(parallel: Plain): readonly (readonly Variable[])[] {
  const rows = isHash(parallel) ? flatten(parallel["matrix"]) : [];
  return rows.flatMap((row) => {
    let cells: readonly (readonly Variable[])[] = [[]];
    for (const [key, axis] of Object.entries(isHash(row) ? row : {})) {
      const values = flatten(axis).map((value) => ({ key, value: String(value) }));
      cells = cells.flatMap((cell) => values.map((value) => [...cell, value]));
      cells = cells.slice(0, tooMany);
    }
    return cells;
  });
}

function describeJob(written: WrittenJob, part: Part, parts: Parts): DescribedJob {
  const { name, kind, job, data } = written;
  const { stage = "test", when = "on_success", allow_failure: failure = when === "manual" } = data;
  const variables = override(variablesOf(get(job, "variables")), part.variables);
  const values = valuesOf(variables);
  const inPlace = (value: Value) => fillIn(value, values, textOf(name));
  const needed = needsOf(plain(rewrite(get(job, "needs"), inPlace)), parts);
  return {
    job: {
      name: part.name,
      type: kind === "job" ? "job" : "trigger",
      stage: String(stage),
      when: String(when),
      allowFailure: failure === true,
      scheduling: "needs" in data ? "dag" : "stage",
      needs: needed.filter(({ pipeline }) => pipeline === undefined),
      crossNeeds: needed.filter(({ pipeline }) => pipeline !== undefined),
      variables,
      tags: textsOf(data["tags"]),
      dependencies: textsOf(data["dependencies"])?.flatMap(
        (each) => parts.get(each)?.map((one) => one.name) ?? each,
      ),
      place: part.place,
      options: data,
    },
    rules: rulesOf(get(job, "rules")),
  };
}

function textsOf(value: Plain | undefined): readonly string[] | undefined {
  return value === undefined ? undefined : flatten(value).map(String);
}

/** A need of a job that is several is one of those that are meant. */
export function needsOf(needs: Plain | undefined, parts: Parts = new Map()): readonly Need[] {
  return flatten(needs).flatMap((need) => {
    const whole: PlainMap = isHash(need) ? need : { job: need };
    const { job, pipeline, parallel, optional = false, artifacts = true } = whole;
    if ("project" in whole || "ref" in whole || job === null) return [];
    const said = { optional: optional === true, artifacts: artifacts !== false };
    if (pipeline !== undefined) return [{ job: String(job), ...said, pipeline: String(pipeline) }];
    const all = parts.get(String(job)) ?? [{ name: String(job) }];
    const isMore = parallel !== undefined && all.every((one) => one.name !== job);
    const meant = isMore ? partsOf(String(job), parallel) : all;
    return meant.map((one) => ({ job: one.name, ...said }));
  });
}

const block = /\$\[\[\s*matrix\.([a-zA-Z0-9_-]+)\s*\]\]/g;

/** Puts values of the own matrix into a need. */
function fillIn(value: Value, values: Values, job: string): Value {
  if (!isText(value)) return value;
  return value.replace(block, (_, name: string) => {
    const told = `${job} job: '${name}' does not exist in matrix configuration`;
    return values.get(name) ?? refuse(told);
  });
}
