/** A GitLab that runs pipelines: the stand-in of its API and registry, git, states, and what runners ask. */
import { EventEmitter, once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Variable } from "../../../src/pipelines/variables.ts";
import type { JobOptions } from "../../support/gitlab-jobs.ts";
import type { TestProject } from "../../support/gitlab-model.ts";
import { startGitLab, type TestGitLab } from "../../support/gitlab-server.ts";
import { childOf, inherited } from "./bridge.ts";
import { answerGit } from "./git-server.ts";
import { given } from "./given.ts";
import {
  type Attempt,
  cancel,
  finish,
  mayBeCancelled,
  play,
  type RunJob,
  type RunPipeline,
  settle,
} from "./jobs.ts";
import { type Makings, makePipeline } from "./making.ts";
import { jobResponse } from "./response.ts";
import { answerRunner, type Desk } from "./runner-api.ts";

export interface Coordinator {
  readonly gitlab: TestGitLab;
  /** Makes a pipeline, which runs at once; what GitLab makes none of is a `NoPipeline`. */
  start(project: TestProject, options?: JobOptions): Promise<RunPipeline>;
  /** Waits until nothing of a pipeline goes on by itself, its children included. */
  rest(pipeline: RunPipeline): Promise<void>;
  /** Starts what waits for a person. */
  play(job: RunJob): void;
  /** GitLab's hourly look at jobs whose runner says nothing any more (D18). */
  dropStuck(): void;
  stop(): Promise<void>;
}

interface State {
  readonly gitlab: TestGitLab;
  readonly makings: Makings;
  readonly pipelines: RunPipeline[];
  readonly taken: Map<string, Attempt>;
  readonly runners: Runners;
  readonly changed: EventEmitter;
}

/** The tags of runners by the tokens with which they ask; one without tags takes jobs without. */
export type Runners = ReadonlyMap<string, readonly string[]>;

/** `folder` gets what jobs leave; in its `git` are the bare repositories. */
export async function startCoordinator(
  folder: string,
  projectVariables: readonly Variable[],
  runners: Runners,
): Promise<Coordinator> {
  await mkdir(join(folder, "archives"));
  const taken = new Map<string, Attempt>();
  const desk: Desk = {
    runners,
    taken,
    folder: join(folder, "archives"),
    now: () => gitlab.model.now(),
    next: (tags, gone) => next(state, tags, gone),
    ended(attempt, end) {
      finish(attempt, end);
      advance(state, attempt.job.pipeline);
    },
  };
  const gitlab = await startGitLab({
    registry: "distribution",
    also: async (request, gone) =>
      (await answerRunner(desk, request, gone)) ??
      answerGit(join(folder, "git"), gitlab.model, request),
  });
  gitlab.model.now = () => new Date();
  const { model, url, registry } = gitlab;
  const state: State = {
    gitlab,
    makings: {
      model,
      server: { url, registry: registry.host },
      folder: join(folder, "git"),
      projectVariables,
    },
    pipelines: [],
    taken,
    runners,
    changed: new EventEmitter().setMaxListeners(0),
  };
  return {
    gitlab,
    async start(project, options = {}) {
      const pipeline = await makePipeline(state.makings, project, options);
      for (const older of state.pipelines.filter((one) => isRedundant(one, pipeline)))
        stopAll(state, older);
      state.pipelines.push(pipeline);
      advance(state, pipeline);
      return pipeline;
    },
    async rest(pipeline) {
      while (isMoving(state, pipeline)) await once(state.changed, "change");
    },
    play(job) {
      play(job);
      advance(state, job.pipeline);
    },
    dropStuck() {
      const silentSince = gitlab.model.now().getTime() - patienceWithRunnersMs;
      const end = { state: "failed", exitCode: 0, reason: "stuck_or_timeout_failure" } as const;
      for (const attempt of taken.values())
        if (attempt.end === undefined && attempt.heardAt.getTime() <= silentSince)
          desk.ended(attempt, end);
    },
    stop: gitlab.stop,
  };
}

const patienceWithRunnersMs = 3_600_000;

/** D20: what runs for an older commit of the same branch, tag or request. */
function isRedundant(older: RunPipeline, { facts }: RunPipeline): boolean {
  const { project, ref, sha } = older.facts;
  const isSame = project === facts.project && ref === facts.ref && sha !== facts.sha;
  return isSame && older.bridge === undefined && mayBeCancelled(older);
}

function stopAll(state: State, pipeline: RunPipeline): void {
  cancel(pipeline);
  for (const { child } of pipeline.jobs) if (child !== undefined) settle(child);
  advance(state, pipeline);
}

/** Whether something is under way, or will be taken by a runner. */
function isMoving(state: State, { jobs }: RunPipeline): boolean {
  const all = [...state.runners.values()];
  return jobs.some(
    ({ made, status, child }) =>
      (status === "pending" && all.some((tags) => isFor(made, tags))) ||
      (status === "running" && (child === undefined || isMoving(state, child))),
  );
}

/** What follows from a change in a pipeline, its children and its parent. */
function advance(state: State, pipeline: RunPipeline): void {
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
    bridge.status = inherited(bridge, pipeline.facts.status);
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

// A runner that waits hears of a job at once, and asks again after this.
const patienceMs = 20_000;

async function next(
  state: State,
  tags: readonly string[],
  gone: AbortSignal,
): Promise<object | undefined> {
  const over = new AbortController();
  const late = setTimeout(() => over.abort(), patienceMs);
  gone.addEventListener("abort", () => over.abort());
  while (!over.signal.aborted && !gone.aborted) {
    const job = state.pipelines
      .flatMap(({ jobs }) => jobs)
      .find((one) => mayStart(state, one, tags));
    const response = job && take(state, job);
    if (response !== undefined) {
      clearTimeout(late);
      return response;
    }
    if (job === undefined) await once(state.changed, "change", over).catch(() => undefined);
  }
  clearTimeout(late);
  return undefined;
}

/** D17: one that has tags takes no job without; what a job asks for it must have. */
function isFor({ tags: asked = [] }: RunJob["made"], tags: readonly string[]): boolean {
  const isTagged = asked.length > 0 || tags.length === 0;
  return isTagged && asked.every((tag) => tags.includes(tag));
}

/** One job of a resource group at a time (D21). */
function mayStart(
  { pipelines }: State,
  { made, status, pipeline }: RunJob,
  tags: readonly string[],
): boolean {
  if (status !== "pending" || made.type !== "job" || !isFor(made, tags)) return false;
  const { resourceGroup } = made;
  const rivals = pipelines.filter(({ facts }) => facts.project === pipeline.facts.project);
  return (
    resourceGroup === undefined ||
    !rivals.some(({ jobs }) =>
      jobs.some((job) => job.status === "running" && job.made.resourceGroup === resourceGroup),
    )
  );
}

/** Gives a job to a runner; one that misses a file of another pipeline fails instead (D8). */
function take(state: State, job: RunJob): object | undefined {
  const { gitlab, makings, pipelines, taken } = state;
  const { made, pipeline } = job;
  const { facts, start } = pipeline;
  const { variables: _, ...same } = start;
  const { name, stage } = made;
  const record = gitlab.job(facts.project, { ...same, name, stage, pipeline: facts });
  const none = { trace: Buffer.alloc(0), archive: undefined, dotenv: [], end: undefined };
  const attempt: Attempt = { record, job, heardAt: gitlab.model.now(), ...none };
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
