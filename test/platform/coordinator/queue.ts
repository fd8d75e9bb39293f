/** How runners get jobs: one at a time, each for the first that may have it. */
import { once } from "node:events";
import { given } from "./given.ts";
import { type Attempt, type End, finish, isHeld, type RunJob } from "./jobs.ts";
import { advance, isFor, type State } from "./moving.ts";
import { jobResponse } from "./response.ts";
import type { Asking } from "./runner-api.ts";

// A runner that waits hears of a job at once, and asks again after this.
const patienceMs = 20_000;

export async function next(
  state: State,
  asks: Asking,
  gone: AbortSignal,
): Promise<object | undefined> {
  const over = new AbortController();
  const late = setTimeout(() => over.abort(), patienceMs);
  gone.addEventListener("abort", () => over.abort());
  while (!over.signal.aborted && !gone.aborted) {
    const job = state.pipelines
      .flatMap(({ jobs }) => jobs)
      .find((one) => mayStart(state, one, asks.tags));
    const response = job && take(state, job, asks);
    if (response !== undefined) {
      clearTimeout(late);
      return response;
    }
    if (job === undefined) await once(state.changed, "change", over).catch(() => undefined);
  }
  clearTimeout(late);
  return undefined;
}

/** One job of a resource group at a time (D21). */
function mayStart(
  { pipelines }: State,
  { made, status, pipeline }: RunJob,
  tags: readonly string[],
): boolean {
  if (status !== "pending" || made.type !== "job" || !isFor(made, tags)) return false;
  const { resource_group: group } = made.options;
  const rivals = pipelines.filter(({ facts }) => facts.project === pipeline.facts.project);
  return (
    group === undefined ||
    !rivals.some(({ jobs }) =>
      jobs.some((job) => isHeld(job) && job.made.options["resource_group"] === group),
    )
  );
}

/** Gives a job to a runner; one that misses a file of another pipeline fails instead (D8). */
function take(state: State, job: RunJob, { tags, endsGently }: Asking): object | undefined {
  const { gitlab, makings, pipelines, taken } = state;
  const { made, pipeline } = job;
  const { facts, start } = pipeline;
  const { variables: _, ...same } = start;
  const { name, stage } = made;
  const record = gitlab.job(facts.project, { ...same, name, stage, pipeline: facts });
  const attempt: Attempt = {
    ...{ record, job, tags, endsGently, heardAt: gitlab.model.now(), trace: Buffer.alloc(0) },
    ...{ archive: undefined, dotenv: [], uploads: new Map(), end: undefined },
  };
  job.attempts.push(attempt);
  job.status = "running";
  const parts = given(attempt, pipelines);
  if (parts === undefined) {
    finish(attempt, { state: "failed", exitCode: 1, reason: "missing_dependency_failure" });
    advance(state, pipeline);
    return undefined;
  }
  taken.set(String(record.id), attempt);
  advance(state, pipeline);
  return jobResponse(attempt, parts, makings.server);
}

const silentMs = 3_600_000;

/** Ends jobs of which no runner has said anything for an hour (D18). */
export function dropStuck(
  { gitlab, taken }: State,
  ended: (attempt: Attempt, end: End) => void,
): void {
  const since = gitlab.model.now().getTime() - silentMs;
  const end = { state: "failed", exitCode: 0, reason: "stuck_or_timeout_failure" } as const;
  for (const attempt of taken.values())
    if (attempt.end === undefined && attempt.heardAt.getTime() <= since) ended(attempt, end);
}
