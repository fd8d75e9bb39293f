/** Promotion: pointing a moving tag at a whole set, forward only. */
import type { Config } from "../config/config.ts";
import { type Branch, isNamedAfter, promotedTags, stolenTag } from "../config/promoted.ts";
import { BerthError } from "../errors.ts";
import { ownTags } from "../image/key.ts";
import {
  parseReference,
  printReference,
  printRepository,
  type Reference,
  type Repository,
} from "../oci/reference.ts";
import { generationOfPipeline, ofGeneration, readTag } from "../oci/tags.ts";
import type { MergeHistory } from "../plan/freshness.ts";
import type { Plan, PlannedImage } from "../plan/plan.ts";
import { readRecord, recordReference, type SetRecord } from "../plan/record.ts";
import { movedRepositories } from "../plan/rights.ts";
import type { Situation } from "../plan/situation.ts";
import { behind, moveTo, refuseGone } from "./forward.ts";
import { adoptGeneration } from "./generation.ts";
import type { Publication } from "./set.ts";

/** What became of one tag, as data. */
export type Promotion =
  | { readonly kind: "promoted"; readonly tag: string; readonly images: number }
  | { readonly kind: "unchanged"; readonly tag: string }
  /** A fork that runs in upstream's images has none of its own to point at. */
  | { readonly kind: "upstream's"; readonly tag: string }
  /** A newer commit was promoted already. */
  | { readonly kind: "older"; readonly tag: string; readonly promoted: string }
  /** A later pipeline of this commit refreshed the images again. */
  | { readonly kind: "later"; readonly tag: string; readonly pipeline: string };

/** A plan whose set is promoted, and where. */
export type Promoting = Pick<Publication, "plan" | "base" | "registry" | "now">;

/** The tags that this run promotes; none for merge requests, tags, untrusted runs and branches that nobody named. */
export function tagsToPromote(
  config: Pick<Config, "publish">,
  situation: Situation,
): readonly string[] {
  const branch = branchOf(situation);
  return branch === undefined ? [] : promotedTags(config, branch);
}

/** TAG_TAKEN where `{slug}` makes a tag of this branch's name that the branch may not move. */
export function refuseStolen(config: Pick<Config, "publish">, situation: Situation): void {
  const branch = branchOf(situation);
  if (branch === undefined) return;
  const stolen = stolenTag(config, branch);
  if (stolen === undefined) return;
  const what = `promote ${stolen.tag} from the branch ${branch.name}: ${stolen.why}`;
  throw new BerthError("TAG_TAKEN", what, {
    hint: "rename the branch, or give it a tag of its own under `publish`, such as `branch-{slug}`",
  });
}

function branchOf({ branch, defaultBranch, untrusted }: Situation): Branch | undefined {
  if (branch === undefined || untrusted !== undefined) return undefined;
  return { name: branch, defaultBranch };
}

/** The branch that a tag is named after (`{slug}`); no other branch may move it. */
export function ownerOf(
  tag: string,
  config: Pick<Config, "publish">,
  situation: Situation,
): string | undefined {
  const branch = branchOf(situation);
  return branch !== undefined && isNamedAfter(config, branch, tag) ? branch.name : undefined;
}

/**
 * Points a tag at every image of the plan's set and keeps a record of it, unless a newer commit is
 * there already. Nothing locks: who promotes one tag twice at once may leave it at the older commit until the next time.
 *
 * Reads the digests from the set record, so nothing is built, asked again or moved but manifests.
 * `owner` is the branch that the tag is named after; TAG_TAKEN where it is another branch's already.
 */
export async function promote(
  promoting: Promoting,
  tag: string,
  isAncestor: MergeHistory["isAncestor"],
  owner?: string,
): Promise<Promotion> {
  const { plan, base, registry, now } = promoting;
  const { fresh, usual, previous } = await readRecords(promoting, tag);
  const named = fresh ?? usual;
  // An own record may be older than upstream's images, which this pipeline has run in.
  const isTheirs = fresh === undefined && isUpstreams(plan, base);
  if (isTheirs || (named === undefined && isElsewhere(plan))) {
    await refuseGone(plan.images.flatMap(reused), registry);
    return { kind: "upstream's", tag };
  }
  if (named === undefined) throw unrecorded(base, plan.set.id);
  await refuseGone(elsewhere(named), registry);
  const other = previous?.branch;
  if (owner !== undefined && other !== undefined && other !== owner) throw taken(tag, owner, other);
  const state = await compare(previous, plan, isAncestor);
  if (state === "older")
    return { kind: "older", tag, promoted: previous?.revision ?? "an unknown commit" };
  const later = fresh && laterPipeline(usual, fresh);
  if (later !== undefined && state === "same") return { kind: "later", tag, pipeline: later };
  const at = { tag, template: plan.config.repository, base, registry, now };
  const isFresh = fresh !== undefined && later === undefined;
  const recorded = isFresh ? await adoptGeneration(plan, fresh, usual, at) : named;
  const branch = owner ?? recorded.branch;
  const record = { ...recorded, revision: plan.revision ?? undefined, branch };
  if (state === "same" && (await behind(record, at)).length === 0)
    return { kind: "unchanged", tag };
  return { kind: "promoted", tag, images: await moveTo(record, at) };
}

/** The records of a refreshed generation of the set and of the set itself, and what the tag points at until now. */
async function readRecords({ plan, base, registry }: Promoting, tag: string) {
  const { set, pipeline } = plan;
  registry.announce("push", movedRepositories(plan, base));
  // A promotion that has no plan of its pipeline at hand looks for what a job of that refreshed.
  const generation = set.generation ?? (pipeline === null ? null : generationOfPipeline(pipeline));
  const usualTag = ownTags.set(set.id);
  const read = async (name: string) => (await readRecord(base, name, registry))?.content;
  const [fresh, usual, previous] = await Promise.all([
    generation === null ? undefined : read(ofGeneration(usualTag, generation)),
    read(usualTag),
    read(tag),
  ]);
  return { fresh, usual, previous };
}

async function compare(
  previous: SetRecord | undefined,
  plan: Plan,
  isAncestor: MergeHistory["isAncestor"],
): Promise<"newer" | "same" | "older"> {
  const before = previous?.revision;
  if (before === undefined || plan.revision === null) return "newer";
  if (before === plan.revision) return previous?.setId === plan.set.id ? "same" : "newer";
  const older = await isAncestor(plan.revision, before);
  if (older === undefined) {
    const what = `compare ${plan.revision} with the promoted commit ${before}: neither the clone nor origin has both`;
    throw new BerthError("GIT_FAILED", what, {
      hint: "let the job fetch more history (GIT_DEPTH: 0), then run it again; where history was written anew and that commit is gone for good, delete the tag in the repository `berth` first",
    });
  }
  return older ? "older" : "newer";
}

/** The pipeline that refreshed the set's usual images, where it is later than this one. */
function laterPipeline(usual: SetRecord | undefined, fresh: SetRecord): string | undefined {
  const [later = 0, own = 0] = [usual, fresh].map((record) => readTag(record?.tag ?? "")?.pipeline);
  return later > own ? String(later) : undefined;
}

/** Images that a record names in another registry. */
function elsewhere({ images }: SetRecord): readonly Reference[] {
  return [...images.values()].flatMap((image) =>
    image.kind === "elsewhere" ? [image.reference] : [],
  );
}

function reused({ decision }: PlannedImage): readonly Reference[] {
  return decision.kind === "reuse" ? [parseReference(decision.reference)] : [];
}

function isElsewhere({ complete, images }: Plan): boolean {
  return !complete && images.every(({ decision }) => decision.kind === "reuse");
}

/** Whether every image was found in another registry base. */
function isUpstreams({ images }: Plan, base: Repository): boolean {
  const own = `${printRepository(base)}/`;
  return images.every(
    ({ decision }) => decision.kind === "reuse" && !decision.reference.startsWith(own),
  );
}

function taken(tag: string, owner: string, other: string): BerthError {
  const what = `promote ${tag} from the branch ${owner}: this tag belongs to the branch ${other}`;
  return new BerthError("TAG_TAKEN", what, {
    hint: "both names have the same slug (63 characters of a-z, 0-9 and -); rename a branch, or give one of them a tag of its own under `publish`",
  });
}

function unrecorded(base: Repository, setId: string): BerthError {
  const what = `promote: ${printReference(recordReference(base, ownTags.set(setId)))} is not there`;
  return new BerthError("SET_INCOMPLETE", what, {
    hint: "run `berth ensure` (or `berth publish` after the builds) for this commit first",
  });
}
