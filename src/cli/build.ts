/** `berth build`: carries out a plan for some images, as a job of the child pipeline. */
import type { Command } from "commander";
import { BerthError, type ExitCode } from "../errors.ts";
import { imageOf } from "../image/image.ts";
import { printOutcomes } from "../output/print.ts";
import { asHere, refuseForeign } from "../plan/asked.ts";
import { configOf } from "../plan/make.ts";
import type { Plan } from "../plan/plan.ts";
import { asUntrusted, ownBase } from "../plan/situation.ts";
import type { World } from "../world.ts";
import { carryOut } from "./carry-out.ts";
import { clearOutcomes, outputFolder, readPlan, writeOutcomes } from "./folder.ts";
import { known } from "./project.ts";
import { openSession, refuseDirty, tellFailures, withSpool } from "./session.ts";
import {
  type BuildOptions,
  engineOption,
  examples,
  outputOption,
  printResult,
  type Work,
} from "./verb.ts";

export function declare(command: Command): Work {
  command
    .description("carry out a plan for some images (a job of the child pipeline)")
    .argument("<name...>", "images, or one platform of an image (debian@arm64)")
    .addOption(outputOption())
    .addOption(engineOption())
    .option("--allow-dirty", "build and publish although files differ from the commit")
    .addHelpText(
      "after",
      examples("berth build debian", "berth build debian debian-arm64-cross --engine docker"),
    );
  return build;
}

async function build(
  world: World,
  options: BuildOptions,
  names: readonly string[],
): Promise<ExitCode> {
  const opened = await openSession(world, options);
  ownBase(opened.situation);
  const folder = await outputFolder(world, opened.project.git, options);
  const asked = await readPlan(folder);
  known(asked.images, names);
  const session = { ...opened, situation: asUntrusted(opened.situation, asked.untrusted) };
  refuseForeign(asked, session.situation, configOf(session.project.config));
  refuseDirty("build", asked.dirty, options);
  const isWanted = (name: string) => names.includes(name) || names.includes(imageOf(name));
  const wanted = asked.images.map(({ name }) => name).filter(isWanted);
  await clearOutcomes(folder, wanted);
  const outcomes = await withSpool(world, async (spool) => {
    const whole = [...new Set(names.map(imageOf))];
    const { images, materials } = await session.project.identify(whole, spool);
    refuseStale(asked, wanted, new Map(images.map(({ name, key }) => [name, key])));
    const plan = asHere(asked, images);
    const builds = plan.images.filter(({ name }) => wanted.includes(name));
    const task = { plan, materials, manifests: new Map() };
    return (await carryOut(builds, task, session, options)).map(({ outcome }) => outcome);
  });
  await writeOutcomes(folder, asked, outcomes);
  printResult(world, options, { outcomes }, printOutcomes(outcomes, asked.images, world));
  return tellFailures(session, outcomes);
}

/** What is built must be what was planned: the checkout has to give the plan's keys. */
function refuseStale(
  plan: Plan,
  names: readonly string[],
  keys: ReadonlyMap<string, string>,
): void {
  const stale = plan.images.filter(
    ({ name, key }) => names.includes(name) && keys.get(name) !== key,
  );
  if (stale.length === 0) return;
  const what = `build ${stale.map(({ name }) => name).join(", ")}: the files here give other keys than the plan`;
  throw new BerthError("PLAN_STALE", what, {
    hint: `check out ${plan.revision ?? "the planned files"} as the plan job did, or run the plan job again`,
  });
}
