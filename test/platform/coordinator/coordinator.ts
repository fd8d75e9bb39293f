/** A GitLab that runs pipelines: the stand-in of its API and registry, git, states, and what runners ask. */
import { EventEmitter, once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Ground } from "../../lives/actor.ts";
import type { Env } from "../../support/command.ts";
import type { JobOptions } from "../../support/gitlab-jobs.ts";
import type { TestProject, TestRequest } from "../../support/gitlab-model.ts";
import { startGitLab, type TestGitLab } from "../../support/gitlab-server.ts";
import { answerGit } from "./git-server.ts";
import { type Attempt, finish, play, type RunJob, type RunPipeline } from "./jobs.ts";
import { lint, makePipeline, NoPipeline, type ProjectVariable } from "./making.ts";
import { advance, isMoving, isRedundant, type Runners, type State, stopAll } from "./moving.ts";
import { answerPerson, type Office } from "./person-api.ts";
import { dropStuck, next } from "./queue.ts";
import { answerRunner, type Desk } from "./runner-api.ts";

export interface Coordinator {
  readonly gitlab: TestGitLab;
  readonly ground: Ground;
  /** Makes a pipeline, which runs at once; what GitLab makes none of is a `NoPipeline`. */
  start(project: TestProject, options?: JobOptions): Promise<RunPipeline>;
  /** Waits until nothing of a pipeline goes on by itself, its children included. */
  rest(pipeline: RunPipeline): Promise<void>;
  /** Starts what waits for a person. */
  play(job: RunJob): void;
  /** How many requests of runners for a job are waiting. */
  asking(): number;
  /** GitLab's hourly look at jobs whose runner says nothing any more (D18). */
  dropStuck(): void;
  stop(): Promise<void>;
}

export interface CoordinatorOptions {
  /** Gets what jobs leave; in its `git` are the bare repositories. */
  readonly folder: string;
  /** Of git. */
  readonly env: Env;
  readonly projectVariables: readonly ProjectVariable[];
  readonly runners: Runners;
}

export async function startCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  const { folder, env, projectVariables, runners } = options;
  for (const name of ["archives", "git"]) await mkdir(join(folder, name));
  const taken = new Map<string, Attempt>();
  const desk: Desk = {
    runners,
    taken,
    folder: join(folder, "archives"),
    now: () => gitlab.model.now(),
    next: (asks, gone) => next(state, asks, gone),
    ended(attempt, end) {
      finish(attempt, end);
      advance(state, attempt.job.pipeline);
    },
  };
  const gitlab = await startGitLab({
    registry: "distribution",
    also: async (request, gone) =>
      (await answerRunner(desk, request, gone)) ??
      (await answerPerson(office, request)) ??
      answerGit({ folder: join(folder, "git"), model, pushed }, request),
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
  const ground = { folder, gitlab, env };
  const office: Office = {
    ground,
    runners,
    groups: [],
    taken,
    lint: (project) => lint(state.makings, project),
    opened: (request, user) => begin(request.source, { request, user }),
  };
  const start: Coordinator["start"] = async (project, options = {}) => {
    const pipeline = await makePipeline(state.makings, project, options);
    for (const older of state.pipelines.filter((one) => isRedundant(one, pipeline)))
      stopAll(state, older);
    state.pipelines.push(pipeline);
    advance(state, pipeline);
    return pipeline;
  };
  /** What follows from what somebody did, where anything does. */
  const begin = async (project: TestProject, options: JobOptions) => {
    await start(project, options).catch((error) => {
      if (!(error instanceof NoPipeline)) throw error;
    });
  };
  /** A push makes a pipeline of its branch, and one of each open merge request of that. */
  const pushed = async (project: TestProject, branch: string, user: string) => {
    await begin(project, { branch, user });
    const isOpen = (one: TestRequest) =>
      one.state === "opened" && one.source === project && one.sourceBranch === branch;
    for (const { requests } of model.projects)
      for (const request of requests.filter(isOpen)) await begin(project, { request, user });
  };
  return {
    gitlab,
    ground,
    start,
    async rest(pipeline) {
      while (isMoving(state, pipeline)) await once(state.changed, "change");
    },
    play(job) {
      play(job);
      advance(state, job.pipeline);
    },
    asking: () => state.changed.listenerCount("change"),
    dropStuck: () => dropStuck(state, desk.ended),
    stop: gitlab.stop,
  };
}
