/** `berth report`: the plan and its outcomes as a page, as Markdown and as JUnit. */
import { type ExitCode, exitCodes } from "../errors.ts";
import { outcomeBase } from "../execute/schedule.ts";
import type { World } from "../host/world.ts";
import type { Manifest } from "../oci/manifest.ts";
import { parseReference } from "../oci/reference.ts";
import { factsOf, type Outcome } from "../output/outcome.ts";
import type { Observation } from "../plan/observe.ts";
import type { Plan } from "../plan/plan.ts";
import type { Registry } from "../registry/registry.ts";
import { printJunit } from "../report/junit.ts";
import { printPage } from "../report/page.ts";
import { printSummary } from "../report/summary.ts";
import { makeReport, type Report } from "../report/view.ts";
import { openPlanned } from "./planned.ts";
import { outputPath, type SessionOptions } from "./session.ts";

/** Manifests that a run has at hand, by image. */
type Manifests = ReadonlyMap<string, Manifest>;

/** Where the files of a run are, and what wrote or reads them. */
export interface Place {
  readonly world: World;
  /** The repository's top, absolute. */
  readonly root: string;
  readonly options: SessionOptions;
}

export async function reportCommand(
  options: SessionOptions & { readonly sizes?: boolean; readonly storage?: boolean },
): Promise<ExitCode> {
  const { world, root, plan, login } = await openPlanned(options);
  const place = { world, root, options };
  const outcomes = await readOutcomes(plan, place);
  const manifests =
    options.sizes === true ? await askFor(plan, outcomes, login.registry) : new Map();
  const storage = options.storage === true ? await askStorage(options) : {};
  const report = { ...reportOf(plan, outcomes, manifests), ...storage };
  const files = await writeReport(report, place);
  world.print(options.json === true ? `${JSON.stringify(report)}\n` : printSummary(report));
  world.log.info(`wrote ${files.join(", ")}`);
  return exitCodes.done;
}

/**
 * Writes the report of a run that goes on; whatever goes wrong is a warning, for a report is not what
 * the job is for. Without `outcomes` those of the output folder are read.
 */
export async function reportOn(
  plan: Plan,
  place: Place,
  known: {
    readonly outcomes?: readonly Outcome[];
    /** What this run copied, which has no file. */
    readonly copied?: Manifests;
    readonly manifests?: Manifests;
  },
): Promise<void> {
  const { copied = new Map(), manifests = copied } = known;
  try {
    const outcomes = known.outcomes ?? (await readOutcomes(plan, place));
    const all = [...outcomes, ...copiedOutcomes(plan, copied)];
    await writeReport(reportOf(plan, all, manifests), place);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    place.world.log.warn(`the report could not be written: ${why}`);
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

/** The manifests that looking for images brought along. */
export function manifestsOf({ sightings }: Pick<Observation, "sightings">): Map<string, Manifest> {
  const found = new Map<string, Manifest>();
  for (const [name, [first]] of sightings) {
    if (first?.kind === "found" && first.manifest !== undefined) found.set(name, first.manifest);
  }
  return found;
}

function reportOf(plan: Plan, outcomes: readonly Outcome[], manifests: Manifests): Report {
  const facts = new Map([...manifests].map(([name, manifest]) => [name, factsOf(manifest)]));
  return makeReport(plan, outcomes, facts);
}

async function writeReport(
  report: Report,
  { world, root, options }: Place,
): Promise<readonly string[]> {
  const texts = {
    "report.html": printPage(report),
    "summary.md": printSummary(report),
    "junit.xml": printJunit(report),
  };
  const write = ([file, text]: readonly [string, string]): Promise<void> =>
    world.files.write(outputPath(root, options, file), text);
  await Promise.all(Object.entries(texts).map(write));
  return Object.keys(texts).map((file) => `${options.output}/${file}`);
}

async function askStorage(options: SessionOptions): Promise<Pick<Report, "storage">> {
  const { readStorage } = await import("./storage.ts");
  const { storage } = await readStorage(options);
  return { storage };
}

async function readOutcomes(
  plan: Plan,
  { world, root, options }: Place,
): Promise<readonly Outcome[]> {
  const { parseOutcome } = await import("../report/outcomes.ts");
  const read = plan.images.map(async ({ name }) => {
    const file = `outcome/${name}.json`;
    const bytes = await world.files.read(outputPath(root, options, file));
    return bytes === undefined ? [] : [parseOutcome(bytes.toString(), `${options.output}/${file}`)];
  });
  return (await Promise.all(read)).flat();
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
