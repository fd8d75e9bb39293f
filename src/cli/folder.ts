/** The output folder of a run: its plan, its variables, its outcomes and its report. */
import { resolve } from "node:path";
import type { World } from "../host/world.ts";
import type { Manifest } from "../oci/manifest.ts";
import { factsOf, type Outcome, outcomeBase } from "../output/outcome.ts";
import type { Observation } from "../plan/observe.ts";
import type { Plan } from "../plan/plan.ts";
import { serializePlan } from "../plan/plan.ts";
import { printDotenv } from "../plan/variables.ts";
import { printJunit } from "../report/junit.ts";
import { printPage } from "../report/page.ts";
import { printSummary } from "../report/summary.ts";
import { makeReport, type Report } from "../report/view.ts";

/** Manifests that a run has at hand, by image. */
export type Manifests = ReadonlyMap<string, Manifest>;

export interface OutputFolder {
  readonly world: World;
  /** Absolute. */
  readonly path: string;
  /** As the user gave it, for messages. */
  readonly label: string;
}

/** The folder that `--output` names, from the repository's top on. */
export function outputFolder(
  world: World,
  root: string,
  { output }: { readonly output: string },
): OutputFolder {
  return { world, path: resolve(root, output), label: output };
}

/** Writes one of its files. */
export function writeOutput({ world, path }: OutputFolder, file: string, text: string) {
  return world.files.write(`${path}/${file}`, text);
}

/** Writes plan.json and berth.env. */
export async function writePlan(folder: OutputFolder, plan: Plan): Promise<void> {
  await writeOutput(folder, "plan.json", serializePlan(plan));
  await writeOutput(folder, "berth.env", printDotenv(plan.variables));
  // The folder keeps itself out of git, so that nobody has to know of it.
  await writeOutput(folder, ".gitignore", "*\n");
}

/** Writes `outcome/<name>.json` for each image. */
export async function writeOutcomes(
  folder: OutputFolder,
  outcomes: readonly Outcome[],
): Promise<void> {
  for (const outcome of outcomes) {
    const text = `${JSON.stringify(outcome, null, 2)}\n`;
    await writeOutput(folder, `outcome/${outcome.name}.json`, text);
  }
}

/** Writes a report in all its forms; gives their names. */
export async function writeReport(
  folder: OutputFolder,
  report: Report,
): Promise<readonly string[]> {
  const texts = {
    "report.html": printPage(report),
    "summary.md": printSummary(report),
    "junit.xml": printJunit(report),
  };
  await Promise.all(Object.entries(texts).map(([file, text]) => writeOutput(folder, file, text)));
  return Object.keys(texts).map((file) => `${folder.label}/${file}`);
}

/** What is known of a run that goes on. */
export interface RunSoFar {
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
    await writeReport(folder, reportOf(plan, outcomes, manifests));
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
      result: "copied",
      ...factsOf(copied.get(image.name)),
    }));
}

export function reportOf(plan: Plan, outcomes: readonly Outcome[], manifests: Manifests): Report {
  const facts = new Map([...manifests].map(([name, manifest]) => [name, factsOf(manifest)]));
  return makeReport(plan, outcomes, facts);
}

/** The manifests that looking for images brought along. */
export function sightedManifests({ sightings }: Pick<Observation, "sightings">): Manifests {
  const found = new Map<string, Manifest>();
  for (const [name, [first]] of sightings) {
    if (first?.kind === "found" && first.manifest !== undefined) found.set(name, first.manifest);
  }
  return found;
}
