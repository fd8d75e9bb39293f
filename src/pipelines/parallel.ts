/** Jobs with `parallel` made into several, and needs of them into needs of each. */
import { type DescribedJob, type Need, needOf } from "./job.ts";
import { get, isList, isMap, listOf, type PlainMap, plain, textOf, type Value } from "./tree.ts";
import { override, type Variable, valuesOf } from "./variables.ts";

/** A job that is one of several, or the only one. */
export interface PartJob extends DescribedJob {
  readonly parts: readonly Need[] | undefined;
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

/** What a matrix names within needs and is no variable of it. */
export interface Split {
  readonly jobs: readonly PartJob[];
  readonly errors: readonly string[];
}

/** Makes each job into its parts, in order. */
export function splitJobs(jobs: readonly DescribedJob[]): Split {
  const byName = new Map(
    jobs.flatMap((job) =>
      job.parallel === null ? [] : [[job.name, partsOf(job.name, job.parallel)] as const],
    ),
  );
  const errors = new Set<string>();
  const split = jobs.flatMap((job) => {
    const parts = byName.get(job.name);
    const own = parts ?? [{ name: job.name, variables: [] }];
    return own.map((part, index): PartJob => {
      const variables = override(job.variables, part.variables);
      const needs = job.needs?.map((need) => {
        const filled = fillIn(need, variables);
        for (const name of filled.unknown)
          errors.add(`${job.name} job: '${name}' does not exist in matrix configuration`);
        return filled.value;
      });
      return {
        ...job,
        name: part.name,
        variables,
        needs,
        parts: needs?.flatMap((need) => needsOf(need, byName)),
        dependencies: job.dependencies?.flatMap(
          (name) => byName.get(name)?.map((each) => each.name) ?? name,
        ),
        part: parts && { index: index + 1, total: parts.length },
        options:
          parts === undefined
            ? job.options
            : { ...job.options, ...partOptions(job, index, parts.length) },
      };
    });
  });
  return { jobs: split, errors: [...errors] };
}

function partOptions({ parallel }: DescribedJob, index: number, total: number): PlainMap {
  const rows = isMap(parallel)
    ? { matrix: listOf(parallel.get("matrix")).map(plainRow) }
    : { number: total };
  return { parallel: { ...rows, total }, instance: index + 1 };
}

function plainRow(row: Value): PlainMap {
  const all = isMap(row) ? [...row] : [];
  return Object.fromEntries(
    all.map(([key, values]) => [textOf(key), listOf(values).map((value) => plain(textOf(value)))]),
  );
}

/** Needs of a rule or a job, those of a job with parts as needs of the parts that are meant. */
export function needsOf(need: Value, parts: ReadonlyMap<string, readonly Part[]>): readonly Need[] {
  const plainNeed = needOf(need);
  const all = parts.get(plainNeed.job);
  if (all === undefined) return [plainNeed];
  const chosen = get(need, "parallel") ?? null;
  const meant = chosen === null ? all : partsOf(plainNeed.job, chosen);
  return meant.map(({ name }) => ({ ...plainNeed, job: name }));
}

const block = /\$\[\[\s*matrix\.([a-zA-Z0-9_-]+)\s*\]\]/g;

/** Puts values of the own matrix into a need. */
function fillIn(need: Value, variables: readonly Variable[]) {
  const values = valuesOf(variables);
  const unknown: string[] = [];
  const fill = (value: Value): Value => {
    if (isList(value)) return value.map(fill);
    if (isMap(value)) return new Map([...value].map(([key, each]) => [key, fill(each)]));
    if (typeof value !== "string") return value;
    return value.replace(block, (whole: string, name: string) => {
      if (!values.has(name)) unknown.push(name);
      return values.get(name) ?? whole;
    });
  };
  return { value: fill(need), unknown };
}
