/** The child pipeline of a plan, as flags and the component's inputs want it. */
import { handedOn, runnersOf } from "../output/handed-on.ts";
import { childPipeline, printPipeline, tooManyJobs } from "../output/pipeline.ts";
import type { Plan } from "../plan/plan.ts";
import type { Session } from "./session.ts";
import { type BuildOptions, engineOf } from "./verb.ts";

/** What flags say of its jobs; the component says it by variables. */
export interface JobOptions extends BuildOptions {
  readonly jobImage?: string;
  readonly jobTags?: string;
  readonly jobDocker?: string;
}

/** The text of pipeline.yml; what this job has published itself needs no job. */
export function childOf(
  plan: Plan,
  options: JobOptions,
  { project: { config }, world: { env, log } }: Session,
  { isPublished }: { readonly isPublished: boolean },
): string {
  const { prefix } = config;
  const engine = engineOf(options.engine, config, env);
  const service = env[`${prefix}_DOCKER_SERVICE`] || env["BERTH_INPUT_DOCKER_SERVICE"];
  const image = options.jobImage ?? (env["BERTH_INPUT_IMAGE"] || undefined);
  const pipeline = childPipeline(plan, {
    isPublished,
    parentPipeline: env["CI_PIPELINE_ID"],
    planJob: env["CI_JOB_NAME"],
    image,
    buildImage: options.jobImage ?? (env["BERTH_INPUT_BUILD_IMAGE"] || image),
    docker: engine === "buildah" ? undefined : (options.jobDocker ?? service),
    variables: handedOn(env, prefix),
    timeout: env["BERTH_INPUT_BUILD_TIMEOUT"],
    ...runnersOf(options.jobTags ?? env[`${prefix}_JOB_TAGS`], env),
    output: options.output,
    flags: [
      ...(options.config === undefined ? [] : ["--config", options.config]),
      ...(options.registry === undefined ? [] : ["--registry", options.registry]),
      ...(options.output === ".berth" ? [] : ["--output", options.output]),
    ],
    buildFlags: [
      ...(options.engine === undefined ? [] : ["--engine", options.engine]),
      ...(options.allowDirty === true ? ["--allow-dirty"] : []),
    ],
  });
  const warning = tooManyJobs(pipeline);
  if (warning !== undefined) log.warn(warning);
  return printPipeline(pipeline);
}
