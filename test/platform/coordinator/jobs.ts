/** Pipelines under way: their jobs, what became of each, and what follows for the others. */
import type { PipelineJob } from "../../../src/pipelines/job.ts";
import type { Variable } from "../../../src/pipelines/variables.ts";
import { settleFlow } from "../../support/flow-states.ts";
import type { JobOptions, TestJob } from "../../support/gitlab-jobs.ts";
import type { TestPipeline } from "../../support/gitlab-model.ts";

/** How a runner says that a job ended, or that it is to end. */
export interface End {
  readonly state: "success" | "failed" | "canceled";
  readonly exitCode: number;
  /** In GitLab's words, such as `script_failure`; none of a job that passed. */
  readonly reason: string | undefined;
}

export interface RunJob {
  readonly made: PipelineJob;
  readonly pipeline: RunPipeline;
  /** In GitLab's words; a failure that an exit code allows is in `allowFailure` (D16). */
  status: string;
  allowFailure: boolean;
  /** One for each time that a runner took it, the newest last. */
  readonly attempts: Attempt[];
  /** The pipeline that a trigger job started. */
  child: RunPipeline | undefined;
  /** Why a trigger job started none. */
  problem: string | undefined;
}

/** A job in a runner's hands, or as it came out of them. */
export interface Attempt {
  readonly record: TestJob;
  readonly job: RunJob;
  /** Of the runner. */
  readonly tags: readonly string[];
  /** Whether the runner, told that the job is to be cancelled, runs its `after_script` first. */
  readonly endsGently: boolean;
  /** When the runner last said anything of it. */
  heardAt: Date;
  trace: Buffer;
  archive: Archive | undefined;
  dotenv: readonly Variable[];
  /** The digest of each file that was taken in, by its kind. */
  readonly uploads: Map<string, string>;
  end: End | undefined;
}

export interface Archive {
  /** On disk, a zip file. */
  readonly path: string;
  readonly size: number;
}

export interface RunPipeline {
  readonly facts: TestPipeline;
  /** What it was started with; its jobs are started with the same. */
  readonly start: JobOptions;
  /** Variables above those of the configuration: the project's, then those of whoever started it (C1 13 to 15). */
  readonly settings: readonly Variable[];
  readonly stages: readonly string[];
  readonly jobs: RunJob[];
  readonly bridge: RunJob | undefined;
}

/** Moves all jobs on as far as they go without a runner, a person or a child, and the pipeline's own state too. */
export function settle({ facts, stages, jobs }: RunPipeline): void {
  const states = settleFlow(
    stages,
    jobs.map(({ made, status, allowFailure }) => ({
      name: made.name,
      stage: made.stage,
      when: made.when,
      allowFailure,
      needs: made.scheduling === "dag" ? made.needs.map(({ job }) => job) : undefined,
      status,
    })),
  );
  for (const job of jobs) job.status = states.jobs.get(job.made.name) ?? job.status;
  facts.status = states.pipeline;
}

/** Takes a job out of a runner's hands: done, cancelled whatever became of it, to be tried again, or failed and allowed to be. */
export function finish(attempt: Attempt, said: End): void {
  const { job, record } = attempt;
  const end = job.status === "canceling" ? { ...said, state: "canceled" as const } : said;
  attempt.end = end;
  record.finish(end.state);
  const { options } = job.made;
  const allowed = listed((options["allow_failure"] as Coded | undefined)?.exit_codes);
  if (end.state === "failed" && isRetried(job, end)) {
    job.status = "pending";
    return;
  }
  job.status = end.state;
  if (end.state === "failed" && allowed.includes(end.exitCode)) job.allowFailure = true;
}

interface Coded {
  readonly exit_codes?: number | readonly number[];
}

interface Retry extends Coded {
  readonly max?: number;
  readonly when?: string | readonly string[];
}

const neverRetried = ["missing_dependency_failure", "no_matching_runner"];

/** D14: while tries are left, for the reasons given (always, where neither they nor exit codes are). */
function isRetried({ made, attempts }: RunJob, { exitCode, reason = "" }: End): boolean {
  const given = made.options["retry"] as Retry | number | undefined;
  const retry = typeof given === "number" ? { max: given } : (given ?? {});
  const codes = listed(retry.exit_codes);
  const reasons = listed(retry.when ?? (codes.length === 0 ? "always" : []));
  return (
    attempts.length <= (retry.max ?? 0) &&
    !neverRetried.includes(reason) &&
    (reasons.includes("always") || reasons.includes(reason) || codes.includes(exitCode))
  );
}

/** Ends all that has not ended; a runner learns it at its next message (F12). */
export function cancel({ jobs }: RunPipeline): void {
  for (const job of jobs) {
    const attempt = job.attempts.at(-1);
    if (job.child !== undefined) cancel(job.child);
    if (job.status === "running" && attempt !== undefined) {
      if (attempt.endsGently) job.status = "canceling";
      else finish(attempt, { state: "canceled", exitCode: 0, reason: undefined });
    } else if (job.status !== "canceling" && !ended.includes(job.status)) job.status = "canceled";
  }
}

/** Whether a runner has it in its hands. */
export function isHeld({ status }: RunJob): boolean {
  return status === "running" || status === "canceling";
}

const ended = ["success", "failed", "canceled", "skipped"];

/** Whether a newer pipeline of the same branch may end this one: nothing that began must not be interrupted (D20). */
export function mayBeCancelled({ jobs }: RunPipeline): boolean {
  return jobs.every(({ made, attempts, child }) => {
    const hasBegun = attempts.length > 0 || child !== undefined;
    return (
      (!hasBegun || made.options["interruptible"] === true || made.type === "trigger") &&
      (child === undefined || mayBeCancelled(child))
    );
  });
}

function listed<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/** Starts what waits for a person; what was skipped for its sake waits for it again (D5). */
export function play(job: RunJob): void {
  job.status = "pending";
  const waiting = new Set([job.made.name]);
  const { jobs, stages } = job.pipeline;
  const isLater = (stage: string) => stages.indexOf(stage) > stages.indexOf(job.made.stage);
  for (const other of jobs) {
    const { scheduling, needs, stage, name } = other.made;
    const waits =
      scheduling === "dag" ? needs.some((need) => waiting.has(need.job)) : isLater(stage);
    if (!waits || other.status !== "skipped") continue;
    waiting.add(name);
    other.status = "created";
  }
}

/** Whose files and variables a job gets: those that it needs, or all of earlier stages, as `dependencies` narrows it (D7). */
export function dependenciesOf({ made, pipeline }: RunJob): readonly RunJob[] {
  const { jobs, stages } = pipeline;
  const needed = made.needs.filter(({ artifacts }) => artifacts).map(({ job }) => job);
  const isBefore = (stage: string) => stages.indexOf(stage) < stages.indexOf(made.stage);
  return jobs.filter(({ made: { name, stage } }) => {
    const isNear = made.scheduling === "dag" ? needed.includes(name) : isBefore(stage);
    return isNear && made.dependencies?.includes(name) !== false;
  });
}
