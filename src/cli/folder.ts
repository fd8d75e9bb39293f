/** The output folder of a run: its plan, its variables and its outcomes, which later jobs read back. */
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Outcome } from "../build/outcome.ts";
import { leadsOut } from "../context/paths.ts";
import { BerthError } from "../errors.ts";
import type { Manifest } from "../oci/manifest.ts";
import { printDotenv, serializePlan } from "../plan/make.ts";
import type { Observation } from "../plan/observe.ts";
import type { Plan } from "../plan/plan.ts";
import type { Git, World } from "../world.ts";

/** Manifests that a run has at hand, by image. */
export type Manifests = ReadonlyMap<string, Manifest>;

export interface OutputFolder {
  readonly world: World;
  /** Absolute. */
  readonly path: string;
  /** As the user gave it, for messages. */
  readonly label: string;
}

/**
 * The folder that `--output` names, from the repository's top on.
 *
 * OUTPUT_INVALID where it is not this run's own: a link leads to it or out of it, or the commit has files there, so that it
 * would speak for a job.
 */
export async function outputFolder(
  world: World,
  git: Git | undefined,
  { output }: { readonly output: string },
): Promise<OutputFolder> {
  const root = git?.root ?? world.cwd;
  const path = resolve(root, output);
  const below = relative(root, path);
  const isInside = !leadsOut(below);
  const steps = isInside ? below.split("/") : [];
  const ways = [...steps.map((_, end) => join(root, ...steps.slice(0, end + 1))), path];
  for (const way of [...ways, `${path}/outcome`]) {
    const kind = (await world.files.entry(way))?.kind ?? "directory";
    if (kind !== "directory") throw notOurs(output, `${way} is a ${kind}, not a folder`);
  }
  const isThere = isInside && (await world.files.entry(path)) !== undefined;
  const committed = git && isThere ? await committedBelow(git, below) : undefined;
  if (committed !== undefined) throw notOurs(output, `the commit has ${committed}`);
  return { world, path, label: output };
}

/** The first file, link or submodule that the commit has in a folder (`""` for the top). */
async function committedBelow(git: Git, folder: string): Promise<string | undefined> {
  const above = dirname(folder);
  // Names of a tree's members stand between a blank and a NUL; most often the process that reads objects knows enough.
  const tree = await git.object(above === "." ? "HEAD^{tree}" : `HEAD:${above}`);
  const isNamed = folder === "" || tree?.bytes.includes(` ${basename(folder)}\0`);
  if (tree === undefined || !isNamed) return undefined;
  const paths = folder === "" ? [] : ["--", folder];
  const listed = await git.run(["ls-tree", "-rz", "--full-tree", "--name-only", "HEAD", ...paths]);
  return listed.toString().split("\0")[0] || undefined;
}

function notOurs(output: string, why: string): BerthError {
  return new BerthError("OUTPUT_INVALID", `use ${output} as the output folder: ${why}`, {
    hint: "take it out of the repository, or name a folder of berth's own by --output",
  });
}

/** Writes one of its files. */
export function writeOutput({ world, path }: OutputFolder, file: string, text: string) {
  return world.files.write(`${path}/${file}`, text);
}

/** Writes plan.json and berth.env; outcomes of earlier plans go. */
export async function writePlan(folder: OutputFolder, plan: Plan): Promise<void> {
  await folder.world.files.remove(`${folder.path}/outcome`);
  await writeOutput(folder, "plan.json", serializePlan(plan));
  await writeOutput(folder, "berth.env", printDotenv(plan.variables));
  // The folder keeps itself out of git, so that nobody has to know of it.
  await writeOutput(folder, ".gitignore", "*\n");
}

/** Removes what an earlier run says of these images. */
export async function clearOutcomes(
  { world, path }: OutputFolder,
  names: readonly string[],
): Promise<void> {
  for (const name of names) await world.files.remove(`${path}/outcome/${name}.json`);
}

/** Writes `outcome/<name>.json` for each image of a plan that was carried out. */
export async function writeOutcomes(
  folder: OutputFolder,
  { pipeline }: Plan,
  outcomes: readonly Outcome[],
): Promise<void> {
  for (const outcome of outcomes) {
    const text = `${JSON.stringify({ ...outcome, pipeline }, null, 2)}\n`;
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

/** Reads the outcomes of a plan that are there; those of other pipelines, keys and decisions are none of it. */
export async function readOutcomes(
  { world, path, label }: OutputFolder,
  { images, pipeline }: Plan,
): Promise<readonly Outcome[]> {
  const { parseOutcome } = await import("../build/outcome.ts");
  const read = images.map(async ({ name, key, decision }) => {
    const file = `outcome/${name}.json`;
    const bytes = await world.files.read(`${path}/${file}`);
    if (bytes === undefined) return [];
    const outcome = parseOutcome(bytes.toString(), `${label}/${file}`);
    const isSame = outcome.name === name && outcome.key === key;
    const isOfPlan = isSame && outcome.decision === decision.kind;
    return isOfPlan && outcome.pipeline === pipeline ? [outcome] : [];
  });
  return (await Promise.all(read)).flat();
}

/** The manifests that looking for images brought along. */
export function sightedManifests({ sightings }: Observation): Manifests {
  const found = new Map<string, Manifest>();
  for (const [name, [first]] of sightings) {
    if (first?.kind === "found" && first.manifest !== undefined) found.set(name, first.manifest);
  }
  return found;
}
