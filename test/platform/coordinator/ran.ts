/** What came of a pipeline, as the tests ask for it. */
import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import type { JobOptions } from "../../support/gitlab-jobs.ts";
import type { TestProject } from "../../support/gitlab-model.ts";
import type { Coordinator } from "./coordinator.ts";
import type { RunJob, RunPipeline } from "./jobs.ts";

export interface Ran {
  readonly pipeline: RunPipeline;
  /** The state of each job by its name, those of children too. */
  readonly states: Readonly<Record<string, string>>;
  /** What the script of each job printed that a runner had. */
  readonly outputs: Readonly<Record<string, string>>;
  /** The digest of the image that each of them ran in. */
  readonly images: Readonly<Record<string, string>>;
}

/** Starts a pipeline and waits until nothing of it goes on by itself. */
export async function run(
  coordinator: Coordinator,
  project: TestProject,
  options: JobOptions = {},
): Promise<Ran> {
  const pipeline = await coordinator.start(project, options);
  return rested(coordinator, pipeline);
}

/** Waits for a pipeline that goes on. */
export async function rested(coordinator: Coordinator, pipeline: RunPipeline): Promise<Ran> {
  await coordinator.rest(pipeline);
  const jobs = jobsOf(pipeline);
  const had = jobs.filter(({ attempts }) => attempts.length > 0);
  const byName = <T>(some: readonly RunJob[], told: (job: RunJob) => T) =>
    Object.fromEntries(some.map((job) => [job.made.name, told(job)]));
  return {
    pipeline,
    states: byName(jobs, ({ status }) => status),
    outputs: byName(had, scriptOutput),
    images: byName(had, (job) => imageOf(traceOf(job)) ?? ""),
  };
}

/** Gives what passed; anything else is a failure with the last of what its jobs said. */
export function passed(ran: Ran): Ran {
  const { facts } = ran.pipeline;
  const failed = jobsOf(ran.pipeline).filter(({ status }) => status === "failed");
  const told = failed.map((job) => `${job.made.name}: ${job.problem ?? traceOf(job).slice(-3000)}`);
  const states = JSON.stringify(ran.states, null, 1);
  assert.equal(facts.status, "success", `${states}\n${told.join("\n")}`);
  return ran;
}

/** All jobs of a pipeline and of those that it started. */
export function jobsOf({ jobs }: RunPipeline): readonly RunJob[] {
  return jobs.flatMap((job) => [job, ...(job.child === undefined ? [] : jobsOf(job.child))]);
}

/** The newest trace, without colours; each line still with its time and the stream that it came by. */
export function traceOf({ attempts }: RunJob): string {
  return stripVTControlCharacters(attempts.at(-1)?.trace.toString() ?? "");
}

function imageOf(trace: string): string | undefined {
  return /Using docker image \S+ for \S+ with digest \S+@(sha256:\w+)/.exec(trace)?.[1];
}

/** The lines that the script's own processes printed, in the one section that is theirs. */
function scriptOutput(job: RunJob): string {
  const trace = job.attempts.at(-1)?.trace.toString() ?? "";
  const start = trace.indexOf(":step_script");
  const section = trace.slice(start, trace.indexOf(":step_script", start + 1));
  const lines = section.split("\n").flatMap((line) => {
    const own = /^\S+Z 01[OE][ +](.*)$/.exec(line.replace(/\r$/, ""))?.[1];
    return own === undefined || own.startsWith("\u001b[32;1m$ ") ? [] : [own];
  });
  return lines.map((line) => `${stripVTControlCharacters(line)}\n`).join("");
}
