/** Whole pipelines of the component: plan, the child pipeline as it was written, consumers, promote. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Outcome } from "../../src/build/outcome.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { Env } from "../support/command.ts";
import type { JobOptions, TestJob } from "../support/gitlab-jobs.ts";
import type { TestPipeline } from "../support/gitlab-model.ts";
import type { Actor } from "./actor.ts";
import { readChild, runChild } from "./child.ts";
import { imageOf } from "./consumer.ts";
import { type Checkout, checkoutOf, type Done, runJob } from "./job.ts";
import { pullAs } from "./look.ts";
import type { World } from "./world.ts";

export type Start = Pick<JobOptions, "branch" | "request" | "event" | "sha" | "user" | "source"> & {
  readonly reference?: "digest" | "tag" | "own-tag";
  /** What whoever starts the pipeline sets for it. */
  readonly variables?: Env;
};

/** A pipeline under way, step by step. */
export interface Pipeline {
  readonly id: number;
  /** Everything that its jobs have said. */
  output(): string;
  plan(): Promise<Plan>;
  /** The child pipeline; again it is what somebody who presses retry has. */
  build(): Promise<readonly Outcome[]>;
  /** The digest that each image's job runs in. */
  consume(): Promise<Readonly<Record<string, string>>>;
  /** What the promote job says. */
  promote(): Promise<string>;
}

interface Running {
  readonly world: World;
  readonly start: Start;
  readonly checkout: Checkout;
  readonly pipeline: TestPipeline;
  /** A job of this pipeline, or of one that a job's options name. */
  job(name: string, options?: Partial<JobOptions>): TestJob;
  /** Keeps what a job said; one that failed and may not ends the test. */
  heard(done: Done, mayFail?: boolean): Done;
}

export function startPipeline(world: World, actor: Actor, start: Start = {}): Pipeline {
  const { reference: _, variables: __, ...options } = start;
  const first = world.gitlab.job(actor.project, { ...options, name: "berth-plan" });
  const { pipeline } = first;
  const said: string[] = [];
  let planned: Promise<Done> | undefined;
  const running: Running = {
    world,
    start,
    pipeline,
    checkout: checkoutOf(world, actor.bare, pipeline.id, pipeline.sha),
    job: (name, more = { pipeline }) =>
      world.gitlab.job(actor.project, { ...options, name, ...more }),
    heard: (done, mayFail = false) => {
      said.push(done.output);
      if (!mayFail) assert.equal(done.code, 0, done.output.slice(-4000));
      return done;
    },
  };
  const planFolder = async () => {
    planned ??= runStep(running, first, "berth ensure --fan-out");
    return (await planned).folder;
  };
  return {
    id: pipeline.id,
    output: () => said.join(""),
    plan: async () => planIn(await planFolder()),
    build: async () => build(running, await planFolder()),
    consume: async () => consume(running, await planFolder()),
    promote: async () => {
      const last = running.job("berth-promote", { pipeline, stage: ".post" });
      return (await runStep(running, last, "berth promote")).output;
    },
  };
}

/** The variables of the component's own jobs, inputs that were left empty among them. */
const component = {
  BERTH_INPUT_PREFIX: "QEMU_CI",
  BERTH_INPUT_ENGINE: "buildah",
  BERTH_INPUT_CONFIG: "",
  BERTH_INPUT_IMAGE: "",
  QEMU_CI_JOB_TAGS: "",
};

async function runStep(running: Running, job: TestJob, line: string): Promise<Done> {
  const { reference = "digest", variables: user } = running.start;
  const { world, checkout } = running;
  const variables = { ...component, BERTH_INPUT_REFERENCE: reference, ...user };
  return running.heard(
    await runJob(world, { job, script: [line], checkout, variables, after: [] }),
  );
}

async function planIn(folder: string): Promise<Plan> {
  return JSON.parse(await readFile(join(folder, ".berth/plan.json"), "utf8"));
}

async function build(running: Running, plan: string): Promise<readonly Outcome[]> {
  const { world, pipeline: parent, checkout } = running;
  const child = readChild(await readFile(join(plan, ".berth/pipeline.yml"), "utf8"));
  let own: TestPipeline | undefined;
  const ends = await runChild<Done>(child, async (name, job, needed) => {
    const made = running.job(name, own === undefined ? { parent } : { pipeline: own });
    own = made.pipeline;
    const { variables = {}, script, allow_failure } = job;
    const done = await runJob(world, {
      job: made,
      script,
      checkout: variables["GIT_STRATEGY"] === "none" ? undefined : checkout,
      variables: { ...child.variables, ...variables },
      after: [plan, ...needed.map(({ folder }) => folder)],
    });
    return running.heard(done, allow_failure);
  });
  const builds = [...ends].filter(([name]) => name.startsWith("berth build "));
  return (await Promise.all(builds.map(([, { folder }]) => outcomesIn(folder)))).flat();
}

async function outcomesIn(folder: string): Promise<readonly Outcome[]> {
  const path = join(folder, ".berth/outcome");
  const names = await readdir(path);
  const texts = await Promise.all(names.map((name) => readFile(join(path, name), "utf8")));
  return texts.map((text): Outcome => JSON.parse(text));
}

async function consume(running: Running, folder: string): Promise<Record<string, string>> {
  const { world, start, pipeline } = running;
  const dotenv = await readFile(join(folder, ".berth/berth.env"), "utf8");
  const { images } = await planIn(folder);
  const ran = images.map(async ({ name }) => {
    const job = running.job(`test-${name}`, { pipeline, stage: "test" });
    const variables = { dotenv, job: job.env, user: start.variables ?? {} };
    const digest = await pullAs(world, job, imageOf(name, start.reference ?? "digest", variables));
    job.finish();
    return [name, digest] as const;
  });
  return Object.fromEntries(await Promise.all(ran));
}
