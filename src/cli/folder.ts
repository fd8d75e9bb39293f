/** The output folder of a run: its plan, its variables and its outcomes, which later jobs read back. */
import { resolve } from "node:path";
import type { Outcome } from "../build/outcome.ts";
import { BerthError } from "../errors.ts";
import type { World } from "../host/world.ts";
import type { Manifest } from "../oci/manifest.ts";
import { serializePlan } from "../plan/make.ts";
import type { Observation } from "../plan/observe.ts";
import type { Plan } from "../plan/plan.ts";
import { printDotenv } from "../plan/variables.ts";

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

/** Reads plan.json; PLAN_INVALID where there is none. */
export async function readPlan({ world, path, label }: OutputFolder): Promise<Plan> {
  const bytes = await world.files.read(`${path}/plan.json`);
  if (bytes === undefined) {
    throw new BerthError("PLAN_INVALID", `read ${label}/plan.json: there is none`, {
      hint: "run `berth plan` first, or let this job need the plan job and its artifacts",
    });
  }
  const { parsePlan } = await import("../plan/plan.ts");
  return parsePlan(bytes.toString(), `${label}/plan.json`);
}

/** Reads the outcomes of a plan that are there; on a runner that keeps its folders others may lie there too. */
export async function readOutcomes(
  { world, path, label }: OutputFolder,
  { images }: Plan,
): Promise<readonly Outcome[]> {
  const { parseOutcome } = await import("../build/outcome.ts");
  const read = images.map(async ({ name, key, decision }) => {
    const file = `outcome/${name}.json`;
    const bytes = await world.files.read(`${path}/${file}`);
    if (bytes === undefined) return [];
    const outcome = parseOutcome(bytes.toString(), `${label}/${file}`);
    return outcome.key === key && outcome.decision === decision.kind ? [outcome] : [];
  });
  return (await Promise.all(read)).flat();
}

/** The manifests that looking for images brought along. */
export function sightedManifests({ sightings }: Pick<Observation, "sightings">): Manifests {
  const found = new Map<string, Manifest>();
  for (const [name, [first]] of sightings) {
    if (first?.kind === "found" && first.manifest !== undefined) found.set(name, first.manifest);
  }
  return found;
}
