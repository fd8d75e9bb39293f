/** What each job of a pipeline does there, and which image it would run in. */
import type { PipelineJob } from "../pipelines/job.ts";
import type { PipelineReading } from "../pipelines/pipeline.ts";
import type { Occasion } from "../pipelines/ports.ts";
import { flatten, isHash } from "../pipelines/tree.ts";
import type { BerthInclude } from "./included.ts";
import { imageOf, type PlannedImages, promisedBy } from "./job-image.ts";
import type { PipelineCase } from "./occasions.ts";

export interface ReadCase extends PipelineCase {
  readonly reading: PipelineReading;
  /** Berth's components in it. */
  readonly included: readonly BerthInclude[];
  /** What it has, or would have had of the outermost stages alone. */
  readonly jobs: readonly SeenJob[];
}

/** `may`: waits for a click, on itself or on what it needs, and no later stage waits for it. */
export type Does = "runs" | "manual" | "may";

export interface SeenJob {
  readonly job: PipelineJob;
  readonly does: Does;
  /** It runs berth, or starts berth's child pipeline. */
  readonly isOurs: boolean;
  /** With all variables that are known, without the tag that a plan gives; `undefined` where the runner decides. */
  readonly image: string | undefined;
  /** The image of the project that this is, as planned. */
  readonly planned: string | undefined;
  /** `unfed`: it gets nothing of the plan; `unplanned`: there is none; `fixed`: it names an image by a tag although there is one; `unknown`: no image has that name; `early`: it does not wait for the builds. */
  readonly flaw: "unfed" | "unplanned" | "fixed" | "unknown" | "early" | undefined;
}

/** Looks at the jobs that a reading has. */
export function jobsOf(
  reading: PipelineReading,
  occasion: Occasion,
  images: PlannedImages,
): readonly SeenJob[] {
  if (!("jobs" in reading)) return [];
  const stages = "stages" in reading ? reading.stages : [".pre", ".post"];
  const plans = reading.jobs.filter(isPlan).map((job) => promisedBy(job, occasion, images));
  const does = doneBy(reading.jobs);
  const prefixes = [images, ...plans].map(({ prefix }) => prefix);
  return reading.jobs.map((job) => {
    const feeds = plans.filter(({ plan }) => isFed(job, plan, stages));
    const around = { occasion, prefixes, feeds, plans };
    const own = imageOf(job.options["image"], job, around);
    const services = flatten(job.options["services"]).map((one) => imageOf(one, job, around));
    const all = [own, ...services];
    const { image, lacks } = all.find((one) => one.lacks !== undefined) ?? own;
    const { planned } = own;
    const lack = lacks === "plan" ? (plans.length === 0 ? "unplanned" : "unfed") : lacks;
    const isInPlanned = all.some((one) => one.planned !== undefined);
    const flaw = isInPlanned && !isLate(job, reading.jobs) ? "early" : lack;
    const isOurs = isPlan(job) || isChild(job) || runsBerth(job);
    const seen = { job, does: does.get(job.name) ?? "runs", isOurs, image, planned };
    return { ...seen, flaw: isOurs ? undefined : flaw };
  });
}

/** GitLab leaves out a job that needs one which nobody has started, until somebody does. */
function doneBy(jobs: readonly PipelineJob[]): ReadonlyMap<string, Does> {
  const done = new Map<string, Does>();
  for (const { name, when, allowFailure } of jobs)
    if (when === "manual") done.set(name, allowFailure ? "may" : "manual");
  const needs = jobs.flatMap((job) => job.needs.map((need) => ({ needed: need.job, job })));
  const needing = Map.groupBy(needs, ({ needed }) => needed);
  for (const does of ["manual", "may"] as const) {
    const waiting = new Set([...done.keys()].filter((name) => done.get(name) === does));
    // It grows by those that need what waits.
    for (const name of waiting)
      for (const { job } of needing.get(name) ?? []) {
        if (done.has(job.name)) continue;
        done.set(job.name, does);
        waiting.add(job.name);
      }
  }
  return done;
}

/** The job that writes which image is where. */
export function isPlan({ options }: PipelineJob): boolean {
  const { artifacts } = options;
  const reports = isHash(artifacts) ? artifacts["reports"] : undefined;
  return isHash(reports) && flatten(reports["dotenv"]).includes(".berth/berth.env");
}

function scriptOf({ options }: PipelineJob): readonly string[] {
  return flatten(options["script"]).map(String);
}

function runsBerth(job: PipelineJob): boolean {
  return scriptOf(job).some((line) => /^berth (?:plan|ensure|publish|promote|prune)\b/.test(line));
}

/** It waits for berth's child pipeline, which builds what is missing. */
function isChild({ options }: PipelineJob): boolean {
  return JSON.stringify(options["trigger"] ?? "").includes(".berth/pipeline.yml");
}

/** Whether a job starts after the builds of a child pipeline: it needs that, or a job that does. */
function isLate(job: PipelineJob, jobs: readonly PipelineJob[]): boolean {
  if (job.scheduling === "stage" || !jobs.some(isChild)) return true;
  const byName = new Map(jobs.map((one) => [one.name, one]));
  const needed = new Set([job]);
  // It grows by what is needed of what is needed.
  for (const { needs } of needed)
    for (const one of needs.flatMap((need) => byName.get(need.job) ?? [])) {
      if (isChild(one)) return true;
      if (one.scheduling === "dag") needed.add(one);
    }
  return false;
}

export function promotes(job: PipelineJob): boolean {
  return scriptOf(job).includes("berth promote");
}

/** Whether variables of the plan reach a job: only those of needs do, where there are needs. */
function isFed(job: PipelineJob, plan: PipelineJob, stages: readonly string[]): boolean {
  if (job.dependencies?.includes(plan.name) === false) return false;
  if (job.scheduling === "stage") return stages.indexOf(plan.stage) < stages.indexOf(job.stage);
  return job.needs.some((need) => need.job === plan.name && need.artifacts);
}
