/** `berth report`: the plan and its outcomes as a page, as Markdown and as JUnit. */
import type { Command } from "commander";
import { factsOf, type Outcome, outcomeBase } from "../build/outcome.ts";
import { parseReference } from "../oci/reference.ts";
import { isAssembled } from "../plan/decision.ts";
import type { Plan } from "../plan/plan.ts";
import type { Registry } from "../registry/registry.ts";
import { printJunit } from "../report/junit.ts";
import { printPage } from "../report/page.ts";
import { printSummary } from "../report/summary.ts";
import { makeReport, type Report } from "../report/view.ts";
import type { World } from "../world.ts";
import { type Manifests, type OutputFolder, readOutcomes, writeOutput } from "./folder.ts";
import { openPlanned } from "./session.ts";
import { type BuildOptions, examples, outputOption, printResult, type Work } from "./verb.ts";

export function declare(command: Command): Work {
  command
    .description(
      "show the plan and what became of it: write .berth/report.html, summary.md and junit.xml",
    )
    .addOption(outputOption())
    .option(
      "--sizes",
      "ask the registry for what no file tells: sizes, and times of earlier builds",
    )
    .addHelpText("after", examples("berth report", "berth report --sizes"));
  return report;
}

interface ReportOptions extends BuildOptions {
  readonly sizes?: boolean;
}

async function report(world: World, options: ReportOptions): Promise<void> {
  const { folder, plan, login } = await openPlanned(world, options);
  const outcomes = await readOutcomes(folder, plan);
  const manifests =
    options.sizes === true ? await askFor(plan, outcomes, login.registry) : new Map();
  const report = reportOf(plan, outcomes, manifests, world.env);
  const files = await writeReport(folder, report);
  printResult(world, options, report, printSummary(report));
  world.log.info(`wrote ${files.join(", ")}`);
}

/** Reads the manifests of images that are there and whose size no outcome tells. */
async function askFor(
  plan: Plan,
  outcomes: readonly Outcome[],
  registry: Registry,
): Promise<Manifests> {
  const told = new Map(outcomes.map((outcome) => [outcome.name, outcome]));
  const wanted = plan.images.flatMap(({ name, reference }) => {
    const outcome = told.get(name);
    const where = outcome?.reference ?? reference;
    if (outcome?.blobs !== undefined || where === null) return [];
    return [{ name, reference: parseReference(where) }];
  });
  registry.announce(
    "pull",
    wanted.map(({ reference }) => reference),
  );
  const found = await Promise.all(
    wanted.map(async ({ name, reference }) => {
      const manifest = await registry.get(reference);
      return manifest === undefined ? [] : [[name, manifest] as const];
    }),
  );
  return new Map(found.flat());
}

/** Writes a report in all its forms; gives their names. */
async function writeReport(folder: OutputFolder, report: Report): Promise<readonly string[]> {
  const texts = {
    "report.html": printPage(report),
    "summary.md": printSummary(report),
    "junit.xml": printJunit(report),
  };
  await Promise.all(Object.entries(texts).map(([file, text]) => writeOutput(folder, file, text)));
  return Object.keys(texts).map((file) => `${folder.label}/${file}`);
}

/** What is known of a run that goes on. */
interface RunSoFar {
  readonly outcomes: () => Promise<readonly Outcome[]>;
  /** What this run copied, which has no outcome. */
  readonly copied?: Manifests;
  readonly manifests?: Manifests;
}

/** Writes the report of a run that goes on; trouble is a warning, for a report is not what the job is for. */
export async function reportOn(folder: OutputFolder, plan: Plan, run: RunSoFar): Promise<void> {
  const { copied = new Map(), manifests = copied } = run;
  try {
    const outcomes = [...(await run.outcomes()), ...copiedOutcomes(plan, copied)];
    await writeReport(folder, reportOf(plan, outcomes, manifests, folder.world.env));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    folder.world.log.warn(`the report could not be written: ${why}`);
  }
}

function copiedOutcomes({ images }: Plan, copied: Manifests): readonly Outcome[] {
  return images
    .filter(({ name }) => copied.has(name))
    .map((image) => ({
      ...outcomeBase(image),
      result: isAssembled(image) ? "built" : "copied",
      ...factsOf(copied.get(image.name)),
    }));
}

function reportOf(
  plan: Plan,
  outcomes: readonly Outcome[],
  manifests: Manifests,
  env: World["env"],
): Report {
  const facts = new Map([...manifests].map(([name, manifest]) => [name, factsOf(manifest)]));
  return makeReport(plan, outcomes, facts, env["CI_PROJECT_URL"]);
}
