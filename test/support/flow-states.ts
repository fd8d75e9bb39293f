/** How the states of jobs, stages and a pipeline follow from one another. */

/** A job's state, in GitLab's words. */
export interface FlowJob {
  readonly name: string;
  readonly stage: string;
  readonly when: string;
  readonly allowFailure: boolean;
  /** Of a job that only waits for these; `undefined` where it waits for the stages before its own. */
  readonly needs: readonly string[] | undefined;
  readonly status: string;
}

export interface FlowStates {
  readonly jobs: ReadonlyMap<string, string>;
  readonly stages: ReadonlyMap<string, string>;
  readonly pipeline: string;
}

/** Moves jobs on until nothing more follows without a runner or a person. */
export function settleFlow(stages: readonly string[], jobs: readonly FlowJob[]): FlowStates {
  let before: readonly FlowJob[];
  let after = jobs;
  do {
    before = after;
    for (const { name } of jobs)
      after = after.map((job) => (job.name === name ? moved(job, after, stages) : job));
  } while (after.some(({ status }, index) => status !== before[index]?.status));
  const statusOf = (stage: string): string =>
    composite(after.filter((job) => job.stage === stage)) ?? "success";
  return {
    jobs: new Map(after.map(({ name, status }) => [name, status])),
    stages: new Map(stages.map((stage) => [stage, statusOf(stage)])),
    pipeline: composite(after) ?? "success",
  };
}

const finished = ["success", "failed", "canceled", "skipped"];

function moved(job: FlowJob, all: readonly FlowJob[], stages: readonly string[]): FlowJob {
  if (job.status !== "created") return job;
  const { needs, when } = job;
  const isBefore = ({ stage }: FlowJob): boolean =>
    stages.indexOf(stage) < stages.indexOf(job.stage);
  const waits = all.filter((other) => needs?.includes(other.name) ?? isBefore(other));
  const state = composite(waits, needs !== undefined) ?? "success";
  if (!finished.includes(state)) return job;
  return { ...job, status: goesOn(when, state, needs !== undefined) ? begun(when) : "skipped" };
}

function goesOn(when: string, state: string, isDag: boolean): boolean {
  if (when === "on_failure") return state === "failed";
  if (when === "always") return state !== "canceled";
  return state === "success" || (state === "skipped" && !isDag);
}

function begun(when: string): string {
  if (when === "manual") return "manual";
  return when === "delayed" ? "scheduled" : "pending";
}

/** The state of several jobs together, the first line that fits; `undefined` of none. */
function composite(jobs: readonly FlowJob[], isDag = false): string | undefined {
  const states = new Set(jobs.map(stateOf));
  const has = (...some: readonly string[]): boolean => some.some((state) => states.has(state));
  const only = (...some: readonly string[]): boolean =>
    [...states].every((state) => some.includes(state));
  if (states.size === 0) return undefined;
  if (isDag && has("skipped", "ignored")) return "skipped";
  if (only("skipped", "ignored")) return "skipped";
  if (only("success", "skipped", "warning", "ignored")) return "success";
  if (only("created", "warning", "ignored")) return "created";
  if (only("preparing", "warning", "ignored")) return "preparing";
  if (only("canceled", "success", "skipped", "warning", "ignored")) return "canceled";
  if (only("pending", "created", "skipped", "warning", "ignored")) return "pending";
  if (has("running", "pending")) return "running";
  const waiting = ["waiting_for_resource", "waiting_for_callback", "manual", "scheduled"];
  const found = [...waiting, "preparing"].find((state) => states.has(state));
  if (found !== undefined) return found;
  if (has("created")) return "running";
  return has("canceling") ? "canceling" : "failed";
}

/** What may fail counts as passed with a warning, and what nobody has to start as not there. */
function stateOf({ status, allowFailure }: FlowJob): string {
  if (!allowFailure) return status;
  if (status === "failed" || status === "canceled") return "warning";
  return status === "manual" ? "ignored" : status;
}
