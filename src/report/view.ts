/** What a report shows, as plain data: each planned image beside what became of it; and its words for times, counts and what was saved. */

import type { Outcome } from "../build/outcome.ts";
import { bytesOf, printBytes } from "../output/print.ts";
import { count } from "../output/table.ts";
import { reasonOf } from "../plan/decision.ts";
import type { Decision, Plan, PlannedImage } from "../plan/plan.ts";

/** All states of an image with their meaning; what a person has to look at first stands first. */
export const meanings = {
  failed: "could not be built or copied",
  skipped: "not tried, since an image that it is built from failed",
  built: "built in this run",
  refreshed: "built again in this run, under the same key",
  adopted: "another pipeline was faster, its image was taken",
  copied: "taken from another project",
  reused: "taken as it is",
  "to build": "to be built; no outcome is known",
  "to refresh": "to be built again; no outcome is known",
  "to copy": "to be taken from another project; no outcome is known",
} as const;

export type ImageState = keyof typeof meanings;

export const states = Object.keys(meanings) as readonly ImageState[];

export type ReportImage = ReturnType<typeof imageOf>;
export type Report = ReturnType<typeof makeReport>;

/** What manifests say of images that have no outcome, by name. */
export type BlobFacts = ReadonlyMap<string, Pick<Outcome, "blobs" | "buildSeconds">>;

/**
 * Puts a plan and its outcomes together; an outcome of another key or decision belongs to another run
 * and is left out.
 *
 * `project` is the address of the project's pages on GitLab; without it nothing has a link.
 */
export function makeReport(
  plan: Plan,
  outcomes: readonly Outcome[],
  facts: BlobFacts,
  project?: string,
) {
  const link = linksBelow(project);
  const byName = new Map(outcomes.map((outcome) => [outcome.name, outcome]));
  const positions = new Map(plan.images.map(({ name }, index) => [name, index]));
  const images: readonly ReportImage[] = plan.images.map((image) => {
    const parents = image.parents.flatMap((parent) => positions.get(parent) ?? []);
    const outcome = outcomeOf(image, byName);
    const job = link("jobs", outcome?.job);
    return imageOf(image, outcome, facts.get(image.name), { parents, job });
  });
  const { revision, pipeline, set, warnings, dirty } = plan;
  return {
    ...{ revision, pipeline, set, warnings, dirty, images },
    /** Addresses of both on GitLab, where they are known. */
    links: { commit: link("commit", revision), pipeline: link("pipelines", pipeline) },
    saved: savedBy(images),
    /** Of all images whose blobs are known, shared ones counted once. */
    size: {
      bytes: bytesOf(images.flatMap(({ blobs }) => blobs ?? [])),
      images: images.filter(({ blobs }) => blobs !== undefined).length,
    },
  };
}

/** Makes the addresses of a project's pages; only of what a path may hold, below what a browser may open. */
function linksBelow(project: string | undefined) {
  const isWeb = project !== undefined && /^https?:\/\/[^\s<>"'\\]+$/.test(project);
  return (kind: string, id: string | null | undefined): string | undefined =>
    isWeb && id != null && /^\w+$/.test(id) ? `${project}/-/${kind}/${id}` : undefined;
}

function outcomeOf(
  { name, key, decision }: PlannedImage,
  byName: ReadonlyMap<string, Outcome>,
): Outcome | undefined {
  const outcome = byName.get(name);
  return outcome?.key === key && outcome.decision === decision.kind ? outcome : undefined;
}

function imageOf(
  image: PlannedImage,
  outcome: Outcome | undefined,
  known: Pick<Outcome, "blobs" | "buildSeconds"> | undefined,
  { parents, job }: { readonly parents: readonly number[]; readonly job: string | undefined },
) {
  const isWork = outcome !== undefined && outcome.result !== "reused";
  return {
    name: image.name,
    state: stateOf(image, outcome),
    reason: reasonOf(image.decision),
    /** What changed in an image that is built, as `explain` prints it; empty where that is not known. */
    diff: diffOf(image.decision),
    optional: image.optional,
    reference: outcome?.reference ?? image.reference,
    key: image.key,
    /** Of this run's work on it. */
    seconds: isWork ? (outcome.seconds ?? undefined) : undefined,
    /** Of the build that made it, in this run or an earlier one. */
    buildSeconds: outcome?.buildSeconds ?? known?.buildSeconds,
    blobs: outcome?.blobs ?? known?.blobs,
    error: outcome?.error ?? null,
    /** Positions in the list of images. */
    parents,
    /** Address of the job that worked on it. */
    job,
  };
}

function diffOf(decision: Decision): readonly string[] {
  const isAbsent = decision.kind === "build" && decision.because.code === "absent";
  return (isAbsent && decision.because.diff) || [];
}

function stateOf({ decision }: PlannedImage, outcome: Outcome | undefined): ImageState {
  if (outcome === undefined) return decision.kind === "reuse" ? "reused" : `to ${decision.kind}`;
  return outcome.result === "built" && decision.kind === "refresh" ? "refreshed" : outcome.result;
}

/**
 * Sums up the images that no engine had to make, each a build job that did not run; nothing is extrapolated.
 *
 * Rebuilding them with warm layer caches would take less time and move fewer bytes than this, with
 * newer package mirrors it may take more; so both are said to be what the existing images took.
 */
function savedBy(images: readonly ReportImage[]) {
  const spared = images.filter(
    ({ state }) => state === "reused" || state === "copied" || state === "to copy",
  );
  const timed = spared.flatMap(({ buildSeconds }) => buildSeconds ?? []);
  const weighed = spared.flatMap(({ blobs }) => (blobs === undefined ? [] : [blobs]));
  return {
    jobs: spared.length,
    /** What the builds of these images took when they were made, and of how many that is known. */
    seconds: timed.reduce((sum, seconds) => sum + seconds, 0),
    timed: timed.length,
    /** What these images weigh, blobs that they share counted once, and of how many that is known. */
    bytes: bytesOf(weighed.flat()),
    weighed: weighed.length,
  };
}

/** Seconds as people say them, to the precision that matters at that length. */
export function printSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  const rounded = Math.round(whole / 60);
  return `${Math.floor(rounded / 60)} h ${rounded % 60} min`;
}

/** The states that occur, in the order of `meanings`, with how often they do. */
export function countStates({
  images,
}: Pick<Report, "images">): readonly (readonly [ImageState, number])[] {
  return states
    .map((state) => [state, images.filter((image) => image.state === state).length] as const)
    .filter(([, number]) => number > 0);
}

/** One sentence on how it stands. */
export function verdict(report: Pick<Report, "images">): string {
  const { images } = report;
  const lost = images.filter(({ state }) => state === "failed" || state === "skipped");
  const needed = lost.filter(({ optional }) => !optional);
  if (needed.length > 0) {
    const be = needed.length === 1 ? "is" : "are";
    return `${needed.length} of ${count(images.length, "image")} ${be} missing`;
  }
  if (images.length === 0) return "No images";
  if (lost.length > 0) return `All images that must be there are; ${lost.length} optional missing`;
  const open = images.filter(({ state }) => state.startsWith("to ")).length;
  if (open > 0) return `${open} of ${count(images.length, "image")} to be made`;
  return images.length === 1 ? "The image is there" : `All ${images.length} images are there`;
}

/** What was saved, one sentence for each thing that is known; and what is not known. */
export function savedWords({ saved }: Report): readonly string[] {
  const { jobs, seconds, timed, bytes, weighed } = saved;
  if (jobs === 0) return ["Nothing: every image had to be made."];
  const of = (known: number): string => (known === jobs ? "" : ` (known of ${known} of ${jobs})`);
  return [
    `${count(jobs, "build job")} not run.`,
    timed === 0
      ? "Build time: not known, since no image that was read says how long its build took."
      : `${printSeconds(seconds)} of building${of(timed)}, as these images took when they were made.`,
    weighed === 0
      ? "Bytes: not known, since nothing had to be read of these images."
      : `Up to ${printBytes(bytes)} not built, pushed and stored again${of(weighed)}, shared layers counted once.`,
  ];
}
