/** What only shows once all jobs are there: stages, needs and dependencies that fit together. */
import { type JobCore, type Need, needOf } from "./job.ts";
import type { PartJob } from "./parallel.ts";
import { flatten, get, refuse } from "./tree.ts";

/** The first thing that does not fit is a `CiRefusal`. */
export function refuseUnfit(jobs: readonly PartJob[], stages: readonly string[]): void {
  const byName = new Map(jobs.map(({ core }) => [core.name, core]));
  const stageOf = (name: string): number => stages.indexOf(byName.get(name)?.stage ?? "");
  const refuseName = (job: JobCore, name: string, kind: "need" | "dependency"): void => {
    if (!byName.has(name)) refuse(`${job.name} job: undefined ${kind}: ${name}`);
    if (stageOf(name) > stageOf(job.name) || stageOf(name) < 0)
      refuse(`${job.name} job: ${kind} ${name} is not defined in current or prior stages`);
  };
  for (const { core: job, needs: own, rules } of jobs) {
    if (!stages.includes(job.stage))
      refuse(
        `${job.name} job: chosen stage ${job.stage} does not exist; available stages are ${stages.join(", ")}`,
      );
    for (const name of job.dependencies ?? []) refuseName(job, name, "dependency");
    for (const needs of [own, ...ruleNeeds(rules)]) {
      for (const { job: name, optional } of needs)
        if (!optional || byName.has(name)) refuseName(job, name, "need");
      refuseTwice(
        job,
        needs.map(({ job: name }) => name),
      );
    }
    for (const name of generators(job)) refuseName(job, name, "dependency");
    refuseStop(job, byName);
  }
  refuseCircle(jobs);
}

function ruleNeeds(rules: PartJob["rules"]): readonly (readonly Need[])[] {
  return (rules ?? []).flatMap((rule) => {
    const needs = get(rule, "needs");
    return needs === null ? [] : [flatten([needs]).map(needOf)];
  });
}

function refuseTwice({ name }: JobCore, needed: readonly string[]): void {
  const twice = needed.filter((each, index) => needed.indexOf(each) !== index);
  if (twice.length > 0)
    refuse(`${name} has the following needs duplicated: ${[...new Set(twice)].join(", ")}.`);
}

/** Jobs that make the configuration of a child pipeline. */
function generators({ options }: JobCore): readonly string[] {
  const include = (options["trigger"] as { readonly include?: unknown } | undefined)?.include;
  return [include ?? []].flat().flatMap((entry) => {
    const job = (entry as { readonly job?: unknown }).job;
    return typeof job === "string" ? [job] : [];
  });
}

function refuseStop({ name, options }: JobCore, jobs: ReadonlyMap<string, unknown>): void {
  const stop = (options["environment"] as { readonly on_stop?: string } | undefined)?.on_stop;
  if (stop !== undefined && !jobs.has(stop))
    refuse(`${name} job: on_stop job ${stop} is not defined`);
}

function refuseCircle(jobs: readonly PartJob[]): void {
  const needs = new Map(jobs.map(({ core, needs }) => [core.name, needs.map(({ job }) => job)]));
  const done = new Set<string>();
  const visit = (name: string, above: readonly string[]): void => {
    const told = "The pipeline has circular dependencies:";
    const at = above.indexOf(name);
    const circle = above.slice(at).map((each) => `"${each}"`);
    if (at >= 0) refuse(`${told} topological sort failed: [${circle.join(", ")}]`);
    if (done.has(name)) return;
    const own = needs.get(name) ?? [];
    if (own.includes(name)) refuse(`${told} self-dependency: ${name}`);
    for (const needed of own) visit(needed, [...above, name]);
    done.add(name);
  };
  for (const name of needs.keys()) visit(name, []);
}
