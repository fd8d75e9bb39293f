/** What a report shows, as plain data: each planned image beside what became of it. */

import type { ImageBlob, Outcome } from "../build/outcome.ts";
import { bytesOf } from "../output/print.ts";
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

export interface ReportImage {
  readonly name: string;
  readonly state: ImageState;
  readonly reason: string;
  /** What changed in an image that is built, as `explain` prints it; empty where that is not known. */
  readonly diff: readonly string[];
  readonly optional: boolean;
  /** Positions in the list of images. */
  readonly parents: readonly number[];
  readonly reference: string | null;
  readonly key: string;
  /** Of this run's work on it. */
  readonly seconds: number | undefined;
  /** Of the build that made it, in this run or an earlier one. */
  readonly buildSeconds: number | undefined;
  readonly blobs: readonly ImageBlob[] | undefined;
  readonly error: Outcome["error"];
  /** Address of the job that worked on it. */
  readonly job: string | undefined;
}

export interface Report {
  readonly revision: string | null;
  readonly pipeline: string | null;
  /** Addresses of both on GitLab, where they are known. */
  readonly links: { readonly commit: string | undefined; readonly pipeline: string | undefined };
  readonly set: Plan["set"];
  readonly images: readonly ReportImage[];
  readonly warnings: readonly string[];
  readonly dirty: readonly string[];
  readonly saved: Saved;
  /** Of all images whose blobs are known, shared ones counted once. */
  readonly size: { readonly bytes: number; readonly images: number };
}

/** What a run saved against one that builds all images; only what is known, nothing extrapolated. */
export interface Saved {
  /** Images that were taken as they are, each a build job that did not run. */
  readonly jobs: number;
  /** What the builds of these images took when they were made, and of how many that is known. */
  readonly seconds: number;
  readonly timed: number;
  /** What these images weigh, blobs that they share counted once, and of how many that is known. */
  readonly bytes: number;
  readonly weighed: number;
}

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
): Report {
  const link = linksBelow(project);
  const byName = new Map(outcomes.map((outcome) => [outcome.name, outcome]));
  const positions = new Map(plan.images.map(({ name }, index) => [name, index]));
  const images = plan.images.map((image): ReportImage => {
    const parents = image.parents.flatMap((parent) => positions.get(parent) ?? []);
    const outcome = outcomeOf(image, byName);
    const job = link("jobs", outcome?.job);
    return { ...imageOf(image, outcome, facts), parents, job };
  });
  const { revision, pipeline, set, warnings, dirty } = plan;
  return {
    ...{ revision, pipeline, set, warnings, dirty, images },
    links: { commit: link("commit", revision), pipeline: link("pipelines", pipeline) },
    saved: savedBy(images),
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
  facts: BlobFacts,
): Omit<ReportImage, "parents" | "job"> {
  const known = facts.get(image.name);
  const isWork = outcome !== undefined && outcome.result !== "reused";
  return {
    name: image.name,
    state: stateOf(image, outcome),
    reason: reasonOf(image.decision),
    diff: diffOf(image.decision),
    optional: image.optional,
    reference: outcome?.reference ?? image.reference,
    key: image.key,
    seconds: isWork ? (outcome.seconds ?? undefined) : undefined,
    buildSeconds: outcome?.buildSeconds ?? known?.buildSeconds,
    blobs: outcome?.blobs ?? known?.blobs,
    error: outcome?.error ?? null,
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
 * Sums up the images that no engine had to make.
 *
 * Rebuilding them with warm layer caches would take less time and move fewer bytes than this, with
 * newer package mirrors it may take more; so both are said to be what the existing images took.
 */
function savedBy(images: readonly ReportImage[]): Saved {
  const spared = images.filter(
    ({ state }) => state === "reused" || state === "copied" || state === "to copy",
  );
  const timed = spared.flatMap(({ buildSeconds }) => buildSeconds ?? []);
  const weighed = spared.flatMap(({ blobs }) => (blobs === undefined ? [] : [blobs]));
  return {
    jobs: spared.length,
    seconds: timed.reduce((sum, seconds) => sum + seconds, 0),
    timed: timed.length,
    bytes: bytesOf(weighed.flat()),
    weighed: weighed.length,
  };
}
