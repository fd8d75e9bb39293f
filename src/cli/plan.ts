/** `berth plan`: decide and write it down; nothing is changed in any registry. */
import type { Command } from "commander";
import { handedOn, runnersOf } from "../output/handed-on.ts";
import { childPipeline, printPipeline, tooManyJobs } from "../output/pipeline.ts";
import { printPlan } from "../output/print.ts";
import type { Plan } from "../plan/plan.ts";
import { isPublishDue } from "../plan/rights.ts";
import { ownBase, refuseTag } from "../plan/situation.ts";
import type { World } from "../world.ts";
import { outputFolder, sightedManifests, writeOutput, writePlan } from "./folder.ts";
import { makePlanOf } from "./make-plan.ts";
import { openSession, type Session } from "./session.ts";
import {
  type BuildOptions,
  engineOf,
  engineOption,
  examples,
  outputOption,
  printResult,
  referencesOption,
  type Work,
} from "./verb.ts";

export function declare(command: Command): Work {
  command
    .description(
      "decide for every image: reuse, copy or build; write .berth/plan.json, berth.env, pipeline.yml",
    )
    .addOption(outputOption())
    .addOption(referencesOption())
    .option("--rev <rev>", "plan for a git revision, without checking it out")
    .option("--allow-dirty", "plan and later publish although files differ from the commit")
    .addOption(engineOption())
    .addHelpText(
      "after",
      examples(
        "berth plan",
        "berth plan --registry registry.example.com/group/project",
        "berth plan --json",
      ),
    );
  return plan;
}

async function plan(world: World, options: BuildOptions): Promise<void> {
  const session = await openSession(world, options);
  const folder = await outputFolder(world, session.project.git, options);
  refuseTag(session.situation, session.project.config);
  const { plan, situation, observation } = await makePlanOf(session, options);
  // A fork may do without a registry while all images are upstream's; a person's plan is of use in any case.
  const isPublished = !isPublishDue(plan, situation);
  if (situation.ci && !isPublished) ownBase(situation);
  await writePlan(folder, plan);
  await writeOutput(folder, "pipeline.yml", childOf(plan, options, session, { isPublished }));
  // GitLab shows no page of a child pipeline in a merge request, but this job's.
  const { reportOn } = await import("./report.ts");
  await reportOn(folder, plan, {
    outcomes: async () => [],
    manifests: sightedManifests(observation),
  });
  printResult(world, options, plan, printPlan(plan, { ...options, ...world, next: !situation.ci }));
}

/** The text of pipeline.yml; what this job has published itself needs no job. */
export function childOf(
  plan: Plan,
  options: BuildOptions,
  { project: { config }, world: { env, log } }: Session,
  { isPublished }: { readonly isPublished: boolean },
): string {
  const { prefix } = config;
  const engine = engineOf(options.engine, config, env);
  const service = env[`${prefix}_DOCKER_SERVICE`] || env["BERTH_INPUT_DOCKER_SERVICE"];
  const image = env["BERTH_INPUT_IMAGE"] || undefined;
  const pipeline = childPipeline(plan, {
    isPublished,
    parentPipeline: env["CI_PIPELINE_ID"],
    planJob: env["CI_JOB_NAME"],
    image,
    buildImage: env["BERTH_INPUT_BUILD_IMAGE"] || image,
    docker: engine === "buildah" ? undefined : service,
    variables: handedOn(env, prefix),
    timeout: env["BERTH_INPUT_BUILD_TIMEOUT"],
    ...runnersOf(env, prefix),
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
