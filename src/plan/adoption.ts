/** Looks for images that may be adopted after a merge, and asks GitLab and git for the proof. */
import { BerthError } from "../errors.ts";
import { isDenied, unlessDenied } from "../gitlab/denied.ts";
import type { GitLab, Job, Pipeline } from "../gitlab/gitlab.ts";
import { type KeyedImage, ownTags } from "../image/key.ts";
import { parentsFirst } from "../image/order.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { type Reference, type Repository, withDigest, withTag } from "../oci/reference.ts";
import { triedTag } from "../oci/tags.ts";
import type { Registry } from "../registry/registry.ts";
import { type Adopted, type Claim, claimOf, doubtAbout, type Facts, judge } from "./adopt.ts";
import { isWhole } from "./look.ts";
import { foundOf, type Observation, type Sighting } from "./observe.ts";
import { repositoryOf } from "./places.ts";

/** What is asked for the proof. */
export interface Witnesses {
  readonly registry: Pick<Registry, "get" | "hasBlob">;
  /** GitLab and this project's number there; opened with the first question. */
  readonly gitlab: () => Promise<{
    readonly port: Pick<GitLab, "job" | "jobs" | "triggers" | "artifact">;
    readonly project: number;
  }>;
  /** Whether a commit has the very files of the one that is built now. */
  readonly hasSameFiles: (commit: string) => Promise<boolean | undefined>;
  /** Where jobs keep their outcomes, from the repository's top. */
  readonly outcomes: string;
}

interface Candidate {
  readonly image: KeyedImage;
  readonly reference: Reference & { readonly digest: Digest };
  readonly manifest: Manifest;
}

interface Doubt {
  readonly image: KeyedImage;
  readonly why: string;
}

/** A candidate with all that is known of it but what becomes of its parents. */
type Found = Candidate & { readonly facts: Omit<Facts, "parents"> };

/**
 * Adds the images that are proven to be built from the very files of this commit by a job of this project,
 * as sightings that are copied to their key's tag.
 *
 * `images` are those without a sighting. One GET each where no `try-` tag is there, and nothing else; what is
 * not proven, whatever the cause, stays as it is and leaves a warning.
 */
export async function withAdoptions(
  images: readonly KeyedImage[],
  observation: Observation,
  base: Repository,
  template: string,
  witnesses: Witnesses,
): Promise<Observation> {
  const memo = remembering(witnesses);
  const looked = images.map((image) =>
    unlessFailing(image, async () => {
      const manifest = await triedManifest(image, base, template, witnesses);
      return manifest && gather(manifest, memo);
    }),
  );
  const found = (await Promise.all(looked)).filter((one) => one !== undefined);
  return found.length === 0 ? observation : settle(found, observation);
}

/** The manifest under the `try-` tag of an image's key. */
async function triedManifest(
  image: KeyedImage,
  base: Repository,
  template: string,
  { registry }: Witnesses,
): Promise<Candidate | Doubt | undefined> {
  const repository = repositoryOf(base, template, image.name);
  const manifest = await registry.get(withTag(repository, triedTag(ownTags.key(image.key))));
  if (manifest === undefined) return undefined;
  if (!(await isWhole(manifest, repository, registry))) return { image, why: "its config is gone" };
  const { digest } = manifest.descriptor;
  return { image, manifest, reference: { ...withDigest(repository, digest), digest } };
}

/** Asks step by step, and no further than the first doubt. */
async function gather(candidate: Candidate | Doubt, memo: Remembering): Promise<Found | Doubt> {
  if ("why" in candidate) return candidate;
  const { image, manifest } = candidate;
  const claim = claimOf(manifest.content.annotations, image.key);
  if (claim === undefined) return { image, why: "its annotations name no job that built this key" };
  const { project } = await memo.gitlab();
  const job = await memo.job(claim);
  const first = { image, digest: manifest.descriptor.digest, project, claim, job };
  const doubt = doubtAbout(first);
  if (job === undefined || doubt !== undefined)
    return { image, why: doubt ?? "nothing is known of its job" };
  const origin = await memo.origin(claim, job.pipeline);
  const second = { ...first, origin };
  const why = doubtAbout(second);
  if (why !== undefined) return { image, why };
  const third = { ...second, sameFiles: await memo.sameFiles(job.pipeline.sha) };
  const last = doubtAbout(third);
  if (last !== undefined) return { image, why: last };
  const outcome = await memo.outcome(claim.job, image.name);
  return { ...candidate, facts: { ...third, outcome } };
}

/** Parents first, since an image is taken over only upon the parents that this run uses. */
function settle(found: readonly (Found | Doubt)[], observation: Observation): Observation {
  const byName = new Map(found.map((one) => [one.image.name, one]));
  const doubts = new Map<string, string[]>();
  let seen = observation;
  for (const { name } of parentsFirst(found.map(({ image }) => image))) {
    const one = byName.get(name) as Found | Doubt;
    const verdict = "why" in one ? one.why : judge({ ...one.facts, parents: usedBy(one, seen) });
    if (typeof verdict === "string" || "why" in one)
      doubts.set(String(verdict), [...(doubts.get(String(verdict)) ?? []), name]);
    else
      seen = { ...seen, sightings: new Map([...seen.sightings, [name, [sighted(one, verdict)]]]) };
  }
  const warnings = [...doubts].map(
    ([why, names]) => `${names.join(", ")}: built, not adopted from a merge request: ${why}`,
  );
  return { ...seen, warnings: [...seen.warnings, ...warnings] };
}

/** What this run uses as the parents of an image. */
function usedBy({ image }: Found, seen: Observation): Facts["parents"] {
  return new Map(image.parents.map((name) => [name, foundOf(seen, name)?.reference.digest]));
}

function sighted({ reference, manifest }: Found, adopted: Adopted): Sighting {
  // A merge asks whether it is up to date, as of everything that no trusted pipeline made.
  const trusted = false;
  const foundBy = "adopted";
  return { kind: "found", source: "own", reference, foundBy, trusted, adopted, manifest };
}

/** An outage, a missing right or an odd answer is a doubt like others. */
async function unlessFailing<T>(image: KeyedImage, work: () => Promise<T>): Promise<T | Doubt> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    const { message, hint } = error;
    return { image, why: hint === undefined ? message : `${message} (${hint})` };
  }
}

interface Remembering {
  readonly gitlab: Witnesses["gitlab"];
  job(claim: Claim): Promise<Job | undefined>;
  origin(claim: Claim, pipeline: Pipeline): Promise<Pipeline | undefined>;
  sameFiles(commit: string): Promise<boolean | undefined>;
  outcome(job: number, name: string): Promise<string | undefined>;
}

/** Asks every question once, since one job may have built many images. */
function remembering({ gitlab, hasSameFiles, outcomes }: Witnesses): Remembering {
  const answers = new Map<string, Promise<unknown>>();
  const once = <T>(id: string, ask: () => Promise<T>): Promise<T> => {
    const answer = (answers.get(id) ?? ask()) as Promise<T>;
    answers.set(id, answer);
    return answer;
  };
  const opened = () => once("gitlab", gitlab);
  return {
    gitlab: opened,
    job: (claim) =>
      once(`job ${claim.job} ${claim.pipeline}`, async () => findJob(await opened(), claim)),
    origin: (claim, pipeline) =>
      once(`origin ${claim.pipeline} ${pipeline.id}`, async () =>
        originOf(await opened(), claim, pipeline),
      ),
    sameFiles: (commit) => once(`files ${commit}`, () => hasSameFiles(commit)),
    async outcome(job, name) {
      const { port, project } = await opened();
      return port.artifact(project, job, `${outcomes}/${name}.json`);
    },
  };
}

type Opened = Awaited<ReturnType<Witnesses["gitlab"]>>;

/** By its number, or where no token may ask that, among the jobs of the pipeline and of its children. */
async function findJob({ port, project }: Opened, claim: Claim): Promise<Job | undefined> {
  const known = await unlessDenied(port.job(project, claim.job));
  if (!isDenied(known)) return known;
  const isClaimed = ({ id }: Job) => id === claim.job;
  const own = await firstOf(port.jobs(project, claim.pipeline), isClaimed);
  if (own !== undefined) return own;
  for await (const { started } of port.triggers(project, claim.pipeline)) {
    if (started?.project !== project) continue;
    const job = await firstOf(port.jobs(project, started.id), isClaimed);
    if (job !== undefined) return job;
  }
  return undefined;
}

/** What began the pipeline of a job: itself, or the pipeline that is claimed and that started it as a child. */
async function originOf(
  { port, project }: Opened,
  claim: Claim,
  pipeline: Pipeline,
): Promise<Pipeline | undefined> {
  if (pipeline.id === claim.pipeline) return pipeline;
  const triggers = port.triggers(project, claim.pipeline);
  return (await firstOf(triggers, ({ started }) => started?.id === pipeline.id))?.pipeline;
}

async function firstOf<T>(
  items: AsyncIterable<T>,
  is: (item: T) => boolean,
): Promise<T | undefined> {
  for await (const item of items) if (is(item)) return item;
  return undefined;
}
