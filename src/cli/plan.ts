/** `berth plan`: decide and write it down; nothing is changed in any registry. */
import { type ExitCode, exitCodes } from "../errors.ts";
import { printPlan } from "../output/report.ts";
import type { Plan } from "../plan/plan.ts";
import { ownBase } from "../plan/situation.ts";
import { printDotenv } from "../plan/variables.ts";
import { checkConsumers } from "./consumers.ts";
import { handedOn } from "./environment.ts";
import { manifestsOf, reportOn } from "./report.ts";
import {
  makePlanOf,
  openSession,
  outputPath,
  type Session,
  type SessionOptions,
} from "./session.ts";

export interface PlanOptions extends SessionOptions {
  readonly jobImage?: string;
  readonly jobTags?: string;
  readonly jobDocker?: string;
}

export async function planCommand(options: PlanOptions): Promise<ExitCode> {
  const session = await openSession(options);
  // Without a registry no later job could have an image; on a developer's machine a plan is still of use.
  if (session.situation.ci) ownBase(session.situation);
  const [{ plan, observation }] = await Promise.all([
    makePlanOf(session, options),
    checkConsumers(session),
  ]);
  await session.project.git.close();
  const text = await writePlan(session, options, plan);
  await writePipeline(session, options, plan);
  // GitLab shows no page of a child pipeline in a merge request, but this job's.
  const place = { world: session.world, root: session.project.git.root, options };
  await reportOn(plan, place, { outcomes: [], manifests: manifestsOf(observation) });
  session.world.print(options.json === true ? text : printPlan(plan));
  return exitCodes.done;
}

/** Writes plan.json and berth.env; gives the text of the first. */
export async function writePlan(
  session: Session,
  options: SessionOptions,
  plan: Plan,
): Promise<string> {
  const { serializePlan } = await import("../output/planfile.ts");
  const text = serializePlan(plan);
  const { files } = session.world;
  await files.write(outputPath(session.project.git.root, options, "plan.json"), text);
  await files.write(
    outputPath(session.project.git.root, options, "berth.env"),
    printDotenv(plan.variables),
  );
  // The folder keeps itself out of git, so that nobody has to know of it.
  await files.write(outputPath(session.project.git.root, options, ".gitignore"), "*\n");
  return text;
}

async function writePipeline(session: Session, options: PlanOptions, plan: Plan): Promise<void> {
  const { childPipeline, printPipeline } = await import("../output/pipeline.ts");
  const { env, files } = session.world;
  const pipeline = childPipeline(plan, {
    parentPipeline: env["CI_PIPELINE_ID"],
    planJob: env["CI_JOB_NAME"],
    image: options.jobImage,
    docker: options.jobDocker,
    variables: handedOn(env, plan.config.prefix),
    tags: options.jobTags?.split(",").filter((tag) => tag !== "") ?? [],
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
  await files.write(
    outputPath(session.project.git.root, options, "pipeline.yml"),
    printPipeline(pipeline),
  );
}
