/** Jobs with `parallel` made into several, and needs of them into needs of each. */
import { type DescribedJob, type Need, needOf } from "./job.ts";
import { get, isList, isMap, listOf, type PlainMap, refuse, textOf, type Value } from "./tree.ts";
import { override, type Variable, valuesOf } from "./variables.ts";

/** A job that is one of several, or the only one. */
export interface PartJob extends Omit<DescribedJob, "needs"> {
  readonly needs: readonly Need[];
  readonly part: { readonly index: number; readonly total: number } | undefined;
}

interface Part {
  readonly name: string;
  readonly variables: readonly Variable[];
}

/** The parts of a job; none where a matrix has no rows. */
function partsOf(name: string, parallel: Value): readonly Part[] {
  if (!isMap(parallel)) {
    const total = Number(parallel);
    return Array.from({ length: total }, (_, index) => ({
      name: `${name} ${index + 1}/${total}`,
      variables: [],
    }));
  }
  return listOf(parallel.get("matrix"))
    .flatMap(combinations)
    .map((variables) => {
      const values = variables.map(({ value }) => value).join(", ");
      return { name: `${name}: [${values}]`, variables };
    });
}

function combinations(row: Value): readonly (readonly Variable[])[] {
  const axes = isMap(row) ? [...row] : [];
  return axes.reduce<readonly (readonly Variable[])[]>(
    (made, [key, values]) =>
      made.flatMap((before) =>
        (isList(values) ? values : [values]).map((value) => [
          ...before,
          { key: textOf(key), value: textOf(value) },
        ]),
      ),
    [[]],
  );
}

type Parts = ReadonlyMap<string, readonly Part[]>;

/** Makes each job into its parts, in order; a need that names no variable of its matrix is a `CiRefusal`. */
export function splitJobs(jobs: readonly DescribedJob[]): readonly PartJob[] {
  const split = jobs.filter(({ parallel }) => parallel !== null);
  const parts = new Map(
    split.map(({ core, parallel }) => [core.name, partsOf(core.name, parallel)] as const),
  );
  return jobs.flatMap((job) => {
    const own = parts.get(job.core.name);
    if (own === undefined) return [partOf(job, parts, { name: job.core.name, variables: [] })];
    return own.map((part, index) => {
      const whole = partOf(job, parts, part);
      const place = { index: index + 1, total: own.length };
      const options = { ...whole.core.options, ...partOptions(job, place) };
      return { ...whole, core: { ...whole.core, options }, part: place };
    });
  });
}

function partOf({ core, needs, ...job }: DescribedJob, parts: Parts, part: Part): PartJob {
  const variables = override(core.variables, part.variables);
  const filled = needs.map((need) => fillIn(need, variables, core.name));
  const dependencies = core.dependencies?.flatMap(
    (name) => parts.get(name)?.map((each) => each.name) ?? name,
  );
  return {
    ...job,
    core: { ...core, name: part.name, variables, dependencies },
    needs: filled.flatMap((need) => needsOf(need, parts)),
    part: undefined,
  };
}

function partOptions(
  { core }: DescribedJob,
  { index, total }: { readonly index: number; readonly total: number },
): PlainMap {
  const { parallel } = core.options;
  const rows = typeof parallel === "number" ? { number: parallel } : parallel;
  return { parallel: { ...(rows as PlainMap), total }, instance: index };
}

/** A need of a job with parts is one of the parts that are meant. */
function needsOf(need: Value, parts: Parts): readonly Need[] {
  const plainNeed = needOf(need);
  const all = parts.get(plainNeed.job);
  if (all === undefined) return [plainNeed];
  const chosen = get(need, "parallel");
  const meant = chosen === null ? all : partsOf(plainNeed.job, chosen);
  return meant.map(({ name }) => ({ ...plainNeed, job: name }));
}

const block = /\$\[\[\s*matrix\.([a-zA-Z0-9_-]+)\s*\]\]/g;

/** Puts values of the own matrix into a need. */
function fillIn(need: Value, variables: readonly Variable[], job: string): Value {
  const values = valuesOf(variables);
  const fill = (value: Value): Value => {
    if (isList(value)) return value.map(fill);
    if (isMap(value)) return new Map([...value].map(([key, each]) => [key, fill(each)]));
    if (typeof value !== "string") return value;
    return value.replace(block, (_, name: string) => {
      const told = `${job} job: '${name}' does not exist in matrix configuration`;
      return values.get(name) ?? refuse(told);
    });
  };
  return fill(need);
}
