/** `berth ensure`: plan, build what is missing, publish the set, in one process. */
import type { Command } from "commander";
import type { ExitCode } from "../errors.ts";
import type { World } from "../host/world.ts";
import { parseReference, printReference, withDigest } from "../oci/reference.ts";
import { isFatal, manifestsOf, type Outcome } from "../output/outcome.ts";
import { printOutcomes, printPlan } from "../output/report.ts";
import type { Planned } from "../plan/plan-of.ts";
import { ownBase } from "../plan/situation.ts";
import { refuseTag } from "../plan/wishes.ts";
import { announceRun } from "../publish/announce.ts";
import { isPublishDue } from "../publish/due.ts";
import { type Published, publishSet } from "../publish/set.ts";
import { carryOut, exitCodeFor, reportFailures } from "./carry-out.ts";
import { outputFolder, reportOn, sightedManifests, writeOutcomes, writePlan } from "./folder.ts";
import { makePlanOf } from "./make-plan.ts";
import { openSession, refuseDirty, type Session, withSpool } from "./session.ts";
import {
  type BuildOptions,
  doing,
  engineOption,
  examples,
  outputOption,
  printResult,
} from "./verb.ts";

export function declare(program: Command): void {
  program
    .command("ensure")
    .description("plan, build what is missing, publish the set; does nothing where all is there")
    .addOption(outputOption())
    .addOption(engineOption())
    .option("--allow-dirty", "build and publish although files differ from the commit")
    .addHelpText(
      "after",
      examples(
        "berth ensure",
        "berth ensure --engine docker",
        "berth ensure --registry 127.0.0.1:5000/group/project",
      ),
    )
    .action(doing(ensure));
}

interface Done {
  readonly outcomes: readonly Outcome[];
  /** The set record that was written. */
  readonly record?: string | undefined;
}

const nothingDone: Done = { outcomes: [] };

async function ensure(world: World, options: BuildOptions): Promise<ExitCode> {
  const session = await openSession(world, options);
  refuseTag(session.situation, session.project.config);
  return withSpool(world, async (spool) => {
    const planned = await makePlanOf(session, options, spool);
    const { plan, observation } = planned;
    const folder = outputFolder(world, session.project.git.root, options);
    await writePlan(folder, plan);
    if (options.json !== true) world.print(printPlan(plan));
    const done = isPublishDue(plan, session.situation)
      ? await buildAndPublish(session, options, planned)
      : nothingDone;
    await reportOn(folder, plan, {
      outcomes: async () => done.outcomes,
      manifests: sightedManifests(observation),
    });
    return printEnd(session, options, planned, done);
  });
}

async function buildAndPublish(
  session: Session,
  options: BuildOptions,
  { plan, identified, observation }: Planned,
): Promise<Done> {
  const { world, project, situation, login } = session;
  const { registry } = login;
  const base = ownBase(situation);
  refuseDirty("publish", plan.dirty, options);
  const { materials } = identified;
  const task = { plan, materials, manifests: sightedManifests(observation) };
  announceRun(plan, base, registry);
  const folder = outputFolder(world, project.git.root, options);
  const ended = await carryOut(plan.images, task, session, options);
  const outcomes = ended.map(({ outcome }) => outcome);
  await writeOutcomes(folder, outcomes);
  if (outcomes.some(isFatal)) return { outcomes };
  const now = world.clock.now();
  const published = await publishSet({ plan, situation, base, registry, now }, manifestsOf(ended));
  const settled = outcomes.map((outcome) => adoptedSince(outcome, published.adopted));
  if (published.adopted.size > 0) await writeOutcomes(folder, settled);
  return { outcomes: settled, record: published.record };
}

/** An outcome as the set was published, where another pipeline moved the key's tag after the build. */
function adoptedSince(outcome: Outcome, adopted: Published["adopted"]): Outcome {
  const digest = adopted.get(outcome.name);
  if (digest === undefined || outcome.reference === null) return outcome;
  const reference = printReference(withDigest(parseReference(outcome.reference), digest));
  return { ...outcome, result: "adopted", reference, digest };
}

function printEnd(
  session: Session,
  options: BuildOptions,
  { plan }: Planned,
  { outcomes, record }: Done,
): ExitCode {
  const text = [
    outcomes.length === 0 ? "nothing to do\n" : `\n${printOutcomes(outcomes, plan.images)}`,
    record === undefined ? "" : `\nset record: ${record}\n`,
  ].join("");
  const value = { plan, outcomes, record: record ?? plan.set.record };
  printResult(session.world, options, value, text);
  reportFailures(session, outcomes);
  return exitCodeFor(outcomes);
}
