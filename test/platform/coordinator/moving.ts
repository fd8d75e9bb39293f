/** How pipelines move on: what follows from a change for jobs, children and parents. */
import type { EventEmitter } from "node:events";
import type { TestGitLab } from "../../support/gitlab-server.ts";
import { childOf, inherited } from "./bridge.ts";
import {
  type Attempt,
  cancel,
  isHeld,
  mayBeCancelled,
  type RunJob,
  type RunPipeline,
  settle,
} from "./jobs.ts";
import { type Makings, makePipeline } from "./making.ts";

export interface State {
  readonly gitlab: TestGitLab;
  readonly makings: Makings;
  readonly pipelines: RunPipeline[];
  readonly taken: Map<string, Attempt>;
  readonly runners: Runners;
  readonly changed: EventEmitter;
}

/** The tags of runners by the tokens with which they ask; one without tags takes jobs without. */
export type Runners = ReadonlyMap<string, readonly string[]>;

/** D20: what runs for an older commit of the same branch, tag or request. */
export function isRedundant(older: RunPipeline, { facts }: RunPipeline): boolean {
  const { project, ref, sha } = older.facts;
  const isSame = project === facts.project && ref === facts.ref && sha !== facts.sha;
  return isSame && older.bridge === undefined && mayBeCancelled(older);
}

export function stopAll(state: State, pipeline: RunPipeline): void {
  cancel(pipeline);
  for (const { child } of pipeline.jobs) if (child !== undefined) settle(child);
  advance(state, pipeline);
}

/** Whether something is under way, or will be taken by a runner. */
export function isMoving(state: State, { jobs }: RunPipeline): boolean {
  const all = [...state.runners.values()];
  return jobs.some(
    (job) =>
      (job.status === "pending" && all.some((tags) => isFor(job.made, tags))) ||
      (job.child === undefined ? isHeld(job) : isMoving(state, job.child)),
  );
}

/** What follows from a change in a pipeline, its children and its parent. */
export function advance(state: State, pipeline: RunPipeline): void {
  settle(pipeline);
  const triggers = pipeline.jobs.filter(
    ({ made, status }) => made.type === "trigger" && status === "pending",
  );
  for (const bridge of triggers) {
    bridge.status = "running";
    void startChild(state, bridge);
  }
  const { bridge } = pipeline;
  if (bridge !== undefined) {
    if (bridge.status !== "canceled") bridge.status = inherited(bridge, pipeline.facts.status);
    advance(state, bridge.pipeline);
  }
  state.changed.emit("change");
}

/** A child that cannot be made fails its trigger job (E2). */
async function startChild(state: State, bridge: RunJob): Promise<void> {
  const { facts, start } = bridge.pipeline;
  const { variables: _, ...same } = start;
  const options = { ...same, source: "parent_pipeline", parent: facts };
  try {
    const child = childOf(state.makings, bridge);
    bridge.child = await makePipeline(state.makings, facts.project, options, child);
    state.pipelines.push(bridge.child);
    advance(state, bridge.child);
  } catch (error) {
    bridge.problem = String(error);
    bridge.status = "failed";
    advance(state, bridge.pipeline);
  }
}

/** D17: one that has tags takes no job without; what a job asks for it must have. */
export function isFor({ tags: asked = [] }: RunJob["made"], tags: readonly string[]): boolean {
  const isTagged = asked.length > 0 || tags.length === 0;
  return isTagged && asked.every((tag) => tags.includes(tag));
}
