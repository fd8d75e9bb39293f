/** The child pipeline of a plan: one job for each image to build, then one that publishes the set. */
import { stringify } from "yaml";
import { BerthError } from "../errors.ts";
import { isIndex, parentsFirst } from "../image/image.ts";
import { isOwnBuild, sameAs } from "../plan/decision.ts";
import type { Plan, PlannedImage } from "../plan/plan.ts";
import { shellLine } from "../printable.ts";
import type { Runners } from "./handed-on.ts";

export interface PipelineOptions extends Runners {
  /** The pipeline that holds the plan job; its artifacts are fetched from there. */
  readonly parentPipeline: string | undefined;
  /** The job whose artifacts hold `plan.json`. */
  readonly planJob: string | undefined;
  /** Nothing is to be built, and all else is done. */
  readonly isPublished: boolean;
  /** The image that holds berth; the runner's default where `undefined`. */
  readonly image: string | undefined;
  /** The same with the engine, for the jobs that build. */
  readonly buildImage: string | undefined;
  /** How long a build may take, as GitLab writes it; the project's own limit where `undefined`. */
  readonly timeout: string | undefined;
  /** Image of the Docker-in-Docker service that builds need; none where they need no daemon. */
  readonly docker: string | undefined;
  /** What every job sees, taken literally. */
  readonly variables: Readonly<Record<string, string>>;
  /** Words passed on to every command, such as `--config` and `ci/berth.yml`. */
  readonly flags: readonly string[];
  /** The same for `berth build` alone, such as `--allow-dirty`. */
  readonly buildFlags: readonly string[];
  /** The folder of plan.json, from the repository's top. */
  readonly output: string;
}

type Job = Readonly<Record<string, unknown>>;

// GitLab's default limit for `needs` of one job (gitlab: ci/yaml, needs).
const maxNeeds = 50;

// GitLab.com's free tier (gitlab: instance_limits, number of jobs in a pipeline); self-managed has none by itself.
const maxJobs = 500;

// By itself GitLab reads 2 MB, before 17.3 1 MB, as Ruby holds it: about 3.5 kB for a job of these.
const maxJobsOfOlder = 280;

// A child of a merge request pipeline runs only jobs whose rules match it.
const rules = [{ if: '$CI_PIPELINE_SOURCE == "parent_pipeline"' }];

// Only weather is tried again: exit code 75 and what the runner itself broke. One that is told to stop amid a job
// says a reason which GitLab may not know yet and then takes for `unknown_failure` (gitlab-runner: common/network.go).
export const retry = {
  max: 2,
  when: [
    "runner_system_failure",
    "stuck_or_timeout_failure",
    "scheduler_failure",
    "unknown_failure",
  ],
  exit_codes: [75],
};

export function buildJobName(name: string): string {
  return `berth build ${name}`;
}

/**
 * Makes the jobs, parents first; never empty, since GitLab fails a trigger whose child has no job.
 *
 * All values are literal: a trigger job cannot always pass variables on. What is `undefined` is not printed.
 */
export function childPipeline(
  plan: Plan,
  options: PipelineOptions,
): Readonly<Record<string, unknown>> {
  const builds = parentsFirst(
    plan.images.filter((image) => isOwnBuild(image.decision) && !isIndex(image)),
  );
  const variables = variablesOf(options.variables);
  if (options.isPublished) return { variables, "berth idle": idleJob(options) };
  const names = new Set(builds.map(({ name }) => name));
  const jobs = builds.map((image) => {
    // What is built upon a copy waits for what that is a copy of.
    const parents = image.parents
      .flatMap((name) => {
        const parent = plan.images.find((one) => one.name === name);
        // What names an image of several platforms as a whole takes a member, on whatever machine.
        return parent && isIndex(parent) ? parent.parents : [name];
      })
      .map((name) => {
        const decision = plan.images.find((one) => one.name === name)?.decision;
        return (decision && sameAs(decision)) ?? name;
      });
    const job = buildJob({ ...image, parents: [...new Set(parents)] }, names, options);
    return [buildJobName(image.name), job] as const;
  });
  return {
    stages: ["berth-build", "berth-publish"],
    variables,
    ...Object.fromEntries(jobs),
    "berth publish": publishJob(builds, options),
    "berth report": builds.length === 0 ? undefined : reportJob(builds, options),
  };
}

/** What GitLab may say to so many jobs; `undefined` where it takes them everywhere. */
export function tooManyJobs(pipeline: Readonly<Record<string, unknown>>): string | undefined {
  const count = Object.keys(pipeline).filter((name) => name.startsWith("berth ")).length;
  if (count <= maxJobsOfOlder) return undefined;
  const told =
    count > maxJobs
      ? `GitLab.com's free tier takes ${maxJobs} in a pipeline`
      : `a GitLab before 17.3 reads no file of more than about ${maxJobsOfOlder}, unless max_yaml_size_bytes is raised there`;
  return `pipeline.yml has ${count} jobs; ${told}: build the first set with \`berth ensure\` on one machine, later ones are small`;
}

export function printPipeline(pipeline: Readonly<Record<string, unknown>>): string {
  // GitLab reads YAML 1.1: without quotes 2026-11-28 is a date, 9_2 a number and `on` true.
  const text = stringify(pipeline, {
    lineWidth: 0,
    aliasDuplicateObjects: false,
    defaultKeyType: "QUOTE_DOUBLE",
    defaultStringType: "QUOTE_DOUBLE",
  });
  return `# Written by berth plan; do not edit.\n${text.replace(unlike, escaped)}`;
}

/** Characters that GitLab's libyaml refuses as they are, or takes for the end of a line. */
const unlike = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Values are final: neither `$NAME` nor `%NAME%` in them is a variable (gitlab: ci/yaml, variables:expand). */
function variablesOf(variables: Readonly<Record<string, string>>): Job | undefined {
  const entries = Object.entries(variables);
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.map(([name, value]) => [name, { value, expand: false }]));
}

function common({ image, tags }: PipelineOptions): Job {
  return {
    // The jobs' shell is all that is wanted of the image, with whatever entrypoint it has.
    image: image === undefined ? undefined : { name: image, entrypoint: [""] },
    tags: tags.length === 0 ? undefined : tags,
    rules,
    retry,
    interruptible: true,
  };
}

function planNeed({ parentPipeline, planJob }: PipelineOptions): readonly Job[] {
  if (parentPipeline === undefined || planJob === undefined) return [];
  return [{ pipeline: parentPipeline, job: planJob }];
}

function buildJob(image: PlannedImage, built: ReadonlySet<string>, options: PipelineOptions): Job {
  const parents = image.parents.filter((parent) => built.has(parent));
  if (parents.length > maxNeeds) throw tooManyParents(image.name, parents.length);
  return {
    stage: "berth-build",
    ...common({
      ...options,
      image: options.buildImage,
      tags: options.platformTags.get(image.platform) ?? options.tags,
    }),
    timeout: options.timeout,
    services: options.docker === undefined ? undefined : [dockerService(options.docker)],
    needs: [
      ...planNeed(options),
      ...parents.map((parent) => ({ job: buildJobName(parent), artifacts: false })),
    ],
    script: [command("build", image.name, ...options.flags, ...options.buildFlags)],
    artifacts: {
      paths: [`${options.output}/plan.json`, `${options.output}/outcome/`],
      when: "always",
      expire_in: "1 week",
    },
    allow_failure: image.optional || undefined,
  };
}

function dockerService(name: string): Job {
  return {
    name,
    alias: "docker",
    // Networks of hosted runners carry less than Docker's usual 1500 bytes, and TLS hangs on what is lost.
    command: ["--mtu=1360"],
    // Kubernetes starts the job when the daemon listens (gitlab runner: executors/kubernetes, health check).
    variables: { HEALTHCHECK_TCP_PORT: "2376" },
  };
}

function publishJob(builds: readonly PlannedImage[], options: PipelineOptions): Job {
  const needs = [
    ...planNeed(options),
    ...builds.map(({ name }) => ({ job: buildJobName(name), artifacts: true })),
  ];
  return {
    stage: "berth-publish",
    ...common(options),
    variables: { GIT_STRATEGY: "none" },
    // Past the limit the stage alone orders the jobs, and plan.json comes with the artifacts of the builds.
    needs: needs.length > maxNeeds ? undefined : needs,
    script: [command("publish", ...options.flags)],
    artifacts: {
      paths: [`${options.output}/`],
      reports: { junit: `${options.output}/junit.xml` },
      when: "always",
      expire_in: "1 week",
    },
  };
}

/** For the trigger's sake: it is started and ends. */
function idleJob(options: PipelineOptions): Job {
  return {
    ...common(options),
    variables: { GIT_STRATEGY: "none" },
    script: ["echo nothing is to be built, and all else is done"],
  };
}

function tooManyParents(name: string, count: number): BerthError {
  const what = `write pipeline.yml: ${name} is built from ${count} images that are to be built too; GitLab lets a job need ${maxNeeds}`;
  const hint = "build in one job, with the component's input `mode: inline` or `berth ensure`";
  return new BerthError("USAGE", what, { hint });
}

/**
 * Says what failed where publishing was not come to; of the two exactly one runs.
 *
 * It needs no job by name: GitLab skips what needs a skipped job, and does not hold that for a failure.
 */
function reportJob(builds: readonly PlannedImage[], options: PipelineOptions): Job {
  const { needs, ...job } = publishJob(builds, options);
  return {
    ...job,
    rules: rules.map((rule) => ({ ...rule, when: "on_failure" })),
    script: [command("report", ...options.flags)],
  };
}

function command(...words: readonly string[]): string {
  return shellLine(["berth", ...words]);
}
