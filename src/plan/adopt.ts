/** Whether an image that an untrusted pipeline of this very project built may be taken over after the merge; pure. */
import type { Job, Pipeline } from "../gitlab/gitlab.ts";
import { type KeyedImage, keyOfTag } from "../image/key.ts";
import { parentsFirst } from "../image/order.ts";
import type { Digest } from "../oci/digest.ts";
import type { Annotations } from "../oci/manifest.ts";
import { foundOf, type Observation } from "./observe.ts";
import { isForced } from "./refresh.ts";
import type { Situation } from "./situation.ts";

/** Who built an adopted image, as GitLab confirmed it. */
export interface Adopted {
  readonly job: number;
  readonly commit: string;
}

/** What the image's annotations say of its origin, which anybody may have written. */
export interface Claim {
  readonly job: number;
  /** The pipeline that planned the image; the job may be in a child of it. */
  readonly pipeline: number;
}

/** All that must be known of an image and of the job that it claims. */
export interface Facts {
  readonly image: Pick<KeyedImage, "name" | "key" | "parents">;
  readonly digest: Digest;
  /** The number of this project. */
  readonly project: number;
  readonly claim: Claim;
  readonly job: Job | undefined;
  /** The pipeline that a person or an event started: the job's own, or the one that its own is a child of. */
  readonly origin: Pipeline | undefined;
  /** Whether the job's commit has the very files of the one that is built now; `undefined` where git cannot tell. */
  readonly sameFiles: boolean | undefined;
  /** The text of the outcome among the job's own artifacts. */
  readonly outcome: string | undefined;
  /** What this run uses as the image's parents, by name. */
  readonly parents: ReadonlyMap<string, Digest | undefined>;
}

/** Images of which it is worth asking: nothing is there that upstream's trusted pipelines made. */
export function adoptable(
  images: readonly KeyedImage[],
  { sightings }: Pick<Observation, "sightings">,
  situation: Situation,
): readonly KeyedImage[] {
  const { ci, role, trusted } = situation;
  if (!ci || role !== "upstream" || !trusted || !situation.protected) return [];
  return images.filter(
    ({ name }) => (sightings.get(name) ?? []).length === 0 && !isForced(situation, name),
  );
}

/**
 * Takes adopted images back that the rules for freshness would not leave as they are, and with them what is
 * built upon them: those are built like any that are absent.
 */
export function withoutStale(
  images: readonly KeyedImage[],
  observation: Observation,
  isStale: (image: KeyedImage) => boolean,
): Observation {
  const stale = new Set<string>();
  for (const image of parentsFirst(images)) {
    const { name, parents } = image;
    const isAdopted = foundOf(observation, name)?.adopted !== undefined;
    if (isAdopted && (isStale(image) || parents.some((parent) => stale.has(parent))))
      stale.add(name);
  }
  if (stale.size === 0) return observation;
  const kept = [...observation.sightings].filter(([name]) => !stale.has(name));
  return { ...observation, sightings: new Map(kept) };
}

/** Reads the claim; `undefined` where the annotations name no job, or are of another key. */
export function claimOf(annotations: Annotations, key: string): Claim | undefined {
  const [job, pipeline] = ["berth.job", "berth.pipeline"].map((name) =>
    numberIn(annotations[name]),
  );
  if (keyOfTag(annotations["berth.key"]) !== key || job === undefined || pipeline === undefined)
    return undefined;
  return { job, pipeline };
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

type Check = readonly [needs: keyof Facts, doubt: (facts: Facts) => string | undefined];

const checks: readonly Check[] = [
  ["job", doubtAboutJob],
  ["origin", doubtAboutOrigin],
  ["sameFiles", doubtAboutFiles],
  ["outcome", doubtAboutOutcome],
  ["parents", doubtAboutParents],
];

/**
 * What is missing for the proof, by the facts that have been looked up so far; `undefined` where nothing is.
 *
 * Facts are judged in the order job, origin, sameFiles, outcome, parents, and only those that are there.
 */
export function doubtAbout(facts: Partial<Facts>): string | undefined {
  for (const [needs, doubt] of checks) {
    const why = needs in facts ? doubt(facts as Facts) : undefined;
    if (why !== undefined || !(needs in facts)) return why;
  }
  return undefined;
}

/** The last word, on all facts: who built the image, or why that is not proven. */
export function judge(facts: Facts): Adopted | string {
  const doubt = doubtAbout(facts);
  if (doubt !== undefined || facts.job === undefined) return doubt ?? "nothing is known of its job";
  return { job: facts.job.id, commit: facts.job.pipeline.sha };
}

function doubtAboutJob({ job, claim, project }: Facts): string | undefined {
  const name = `job ${claim.job}`;
  if (job === undefined || job.id !== claim.job) return `this project has no ${name}`;
  if (job.pipeline.project !== project) return `${name} is of another project`;
  if (job.status !== "success") return `${name} is ${job.status}, not success`;
  const { sha } = job.pipeline;
  if (job.commit !== undefined && job.commit !== sha) return `${name} ran at another commit`;
  return undefined;
}

/**
 * Only pipelines of merge requests: nobody can give them variables, which decide as much as code does what
 * a job runs, and in what image.
 */
function doubtAboutOrigin({ job, origin, claim, project }: Facts): string | undefined {
  if (origin === undefined || origin.id !== claim.pipeline)
    return `GitLab does not confirm that pipeline ${claim.pipeline} started job ${claim.job}`;
  if (origin.project !== project || origin.sha !== job?.pipeline.sha)
    return `pipeline ${origin.id} is of another project or commit than its job`;
  const isRequest = /^refs\/merge-requests\/\d+\/(?:head|merge|train)$/.test(origin.ref);
  if (origin.source !== "merge_request_event" || !isRequest)
    return `pipeline ${origin.id} is none of a merge request, so that whoever started it may have set its variables`;
  return undefined;
}

/**
 * The same files, not just a commit that has been merged: a merge brings along commits that nobody reviewed
 * by themselves, and one of them may have run what a later one took back.
 */
function doubtAboutFiles({ sameFiles, job }: Facts): string | undefined {
  const commit = job?.pipeline.sha.slice(0, 12);
  if (sameFiles === undefined) return `git cannot compare its commit ${commit} with this one`;
  return sameFiles ? undefined : `its commit ${commit} has other files than this one`;
}

function doubtAboutOutcome({ outcome, image, digest, claim }: Facts): string | undefined {
  const name = `job ${claim.job}`;
  const kept = outcome === undefined ? undefined : parse(outcome);
  if (kept === undefined) return `${name} keeps no outcome of it (any more)`;
  if (kept["name"] !== image.name || kept["key"] !== image.key)
    return `the outcome of ${name} is of another image or key`;
  // An image that a job found and took may be anybody's.
  if (kept["result"] !== "built") return `${name} did not build it itself`;
  if (kept["digest"] !== digest) return `${name} built another image than is under this tag now`;
  return undefined;
}

function doubtAboutParents({ outcome, image, parents, claim }: Facts): string | undefined {
  const used = parse(outcome ?? "")?.["parents"];
  for (const parent of image.parents) {
    const digest = isRecord(used) && Object.hasOwn(used, parent) ? used[parent] : undefined;
    if (digest === undefined || digest !== parents.get(parent))
      return `job ${claim.job} built it upon another image of ${parent} than is used here`;
  }
  return undefined;
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
