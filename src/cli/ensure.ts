/** `berth ensure`: plan, build what is missing, publish the set, in one process. */
import type { Command } from "commander";
import type { Carried, Outcome } from "../build/outcome.ts";
import { type ExitCode, exitCodes } from "../errors.ts";
import { printOutcomes, printPlan } from "../output/print.ts";
import { isBuilt } from "../plan/decision.ts";
import type { Plan } from "../plan/plan.ts";
import type { Planned } from "../plan/plan-of.ts";
import { isPublishDue } from "../plan/rights.ts";
import { ownBase, refuseTag } from "../plan/situation.ts";
import type { World } from "../world.ts";
import {
  type OutputFolder,
  outputFolder,
  readOutcomes,
  sightedManifests,
  writeOutput,
  writePlan,
} from "./folder.ts";
import { makePlanOf } from "./make-plan.ts";
import { openSession, type Session, tellFailures, withSpool } from "./session.ts";
import {
  type BuildOptions,
  engineOption,
  examples,
  outputOption,
  printResult,
  referencesOption,
  type Work,
} from "./verb.ts";

export function declare(command: Command): Work {
  command
    .description("plan, build what is missing, publish the set; does nothing where all is there")
    .addOption(outputOption())
    .addOption(referencesOption())
    .addOption(engineOption())
    .option(
      "--no-build",
      "do what needs no build: copies and, where nothing is left to build, the set",
    )
    .option(
      "--fan-out",
      "leave builds, and then all else, to the jobs of pipeline.yml, which it writes",
    )
    .option("--allow-dirty", "build and publish although files differ from the commit")
    .addHelpText(
      "after",
      examples(
        "berth ensure",
        "berth ensure --engine docker",
        "berth ensure --no-build",
        "berth ensure --registry 127.0.0.1:5000/group/project",
      ),
    );
  return ensure;
}

interface EnsureOptions extends BuildOptions {
  readonly build: boolean;
  readonly fanOut?: boolean;
}

async function ensure(world: World, options: EnsureOptions): Promise<ExitCode> {
  const opened = await openSession(world, options);
  const folder = await outputFolder(world, opened.project.git, options);
  refuseTag(opened.situation, opened.project.config);
  return withSpool(world, async (spool) => {
    const planned = await makePlanOf(opened, options, spool);
    const { plan, situation, observation } = planned;
    const session = { ...opened, situation };
    await writePlan(folder, plan);
    if (options.json !== true) world.print(printPlan(plan, world));
    const tell = async (outcomes: () => Promise<readonly Outcome[]>) => {
      const { reportOn } = await import("./report.ts");
      await reportOn(folder, plan, { outcomes, manifests: sightedManifests(observation) });
    };
    const done = await doWhatIsDue(session, options, planned, folder).catch(async (error) => {
      // What was built before that is on record in the folder.
      await tell(() => readOutcomes(folder, plan));
      throw error;
    });
    if (options.fanOut === true) {
      const { childOf } = await import("./plan.ts");
      const isPublished = done.left === undefined;
      await writeOutput(folder, "pipeline.yml", childOf(plan, options, session, { isPublished }));
    }
    await tell(async () => done.outcomes);
    return printEnd(session, options, plan, done);
  });
}

async function doWhatIsDue(
  session: Session,
  options: EnsureOptions,
  planned: Planned,
  folder: OutputFolder,
): Promise<Carried> {
  const { images } = planned.plan;
  if (!isPublishDue(planned.plan, session.situation)) return { outcomes: [] };
  const builds = images.filter(({ decision }) => isBuilt(decision));
  if (options.fanOut === true && builds.length > 0) {
    ownBase(session.situation);
    return { outcomes: [], left: builds.map(({ name }) => name) };
  }
  // Most runs end above, and need neither engines nor what publishes.
  const { buildAndPublish } = await import("./carry-out.ts");
  return buildAndPublish(session, options, planned, folder);
}

function printEnd(
  session: Session,
  options: EnsureOptions,
  plan: Plan,
  { outcomes, left = [], record }: Carried,
): ExitCode {
  const isIdle = outcomes.length === 0 && left.length === 0;
  const why = options.fanOut
    ? "left to the child pipeline to build"
    : "left to build, so the set is not published";
  const text = [
    isIdle
      ? "nothing to do\n"
      : `\n${printOutcomes(outcomes, plan.images, { ...options, ...session.world })}`,
    left.length === 0 ? "" : `${why}: ${left.join(", ")}\n`,
    record === undefined ? "" : `\nset record: ${record}\n`,
  ].join("");
  const value = { plan, outcomes, left, record: record ?? plan.set.record };
  printResult(session.world, options, value, text);
  const code = tellFailures(session, outcomes);
  return left.length > 0 && !options.fanOut ? exitCodes.failed : code;
}
