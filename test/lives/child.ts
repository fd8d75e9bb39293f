/** The child pipeline that a plan wrote, as GitLab runs it: each job as soon as those that it needs have ended. */
import { parse as parseYaml } from "yaml";
import type { Env } from "../support/command.ts";

export interface ChildJob {
  readonly script: readonly string[];
  /** Jobs of the same pipeline, or (with `pipeline`) of the one that started it. */
  readonly needs?: readonly {
    readonly job: string;
    readonly pipeline?: string;
    readonly artifacts?: boolean;
  }[];
  readonly variables?: Env;
  readonly allow_failure?: boolean;
}

export interface Child {
  readonly variables: Env;
  readonly jobs: Readonly<Record<string, ChildJob>>;
}

export function readChild(text: string): Child {
  const { stages: _, variables = {}, ...jobs } = parseYaml(text);
  const final = Object.entries<{ readonly value: string }>(variables);
  return { variables: Object.fromEntries(final.map(([name, { value }]) => [name, value])), jobs };
}

/** Runs all jobs; `needed` holds the ends of those whose artifacts a job gets. */
export async function runChild<T>(
  { jobs }: Child,
  work: (name: string, job: ChildJob, needed: readonly T[]) => Promise<T>,
): Promise<ReadonlyMap<string, T>> {
  const started = new Map<string, Promise<T>>();
  const run = (name: string): Promise<T> => {
    const known = started.get(name);
    if (known !== undefined) return known;
    const job = jobs[name];
    if (job === undefined) throw new Error(`a job needs ${name}, which is not there`);
    const needs = (job.needs ?? []).filter(({ pipeline }) => pipeline === undefined);
    const ends = needs.map(async (need) => ({ need, end: await run(need.job) }));
    const ended = Promise.all(ends).then((all) => {
      const kept = all.filter(({ need }) => need.artifacts !== false);
      return work(
        name,
        job,
        kept.map(({ end }) => end),
      );
    });
    started.set(name, ended);
    return ended;
  };
  const ends = Object.keys(jobs).map(async (name) => [name, await run(name)] as const);
  return new Map(await Promise.all(ends));
}
