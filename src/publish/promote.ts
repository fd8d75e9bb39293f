/** Promotion: pointing a moving tag at a whole set, forward only. */
import type { Config } from "../config/config.ts";
import { isNamedAfter, promotedTags } from "../config/promoted.ts";
import { BerthError } from "../errors.ts";
import { below, printReference, type Repository } from "../oci/reference.ts";
import { generationOfPipeline, ofGeneration, repositoryOf } from "../plan/places.ts";
import type { Plan } from "../plan/plan.ts";
import {
  parseRecord,
  recordReference,
  recordRepositoryName,
  type SetRecord,
  setTag,
} from "../plan/record.ts";
import type { Situation } from "../plan/situation.ts";
import type { Registry } from "../registry/registry.ts";
import { behind, type IsAncestor, moveForward } from "./forward.ts";
import { adoptGeneration } from "./generation.ts";

export type { IsAncestor } from "./forward.ts";

/** What became of one tag, as data. */
export type Promotion =
  | { readonly kind: "promoted"; readonly tag: string; readonly images: number }
  | { readonly kind: "unchanged"; readonly tag: string }
  /** A fork that runs in upstream's images has none of its own to point at. */
  | { readonly kind: "upstream's"; readonly tag: string }
  /** A newer commit was promoted already. */
  | { readonly kind: "older"; readonly tag: string; readonly promoted: string };

/** The tags that this run promotes; none for merge requests, tags and branches that nobody named. */
export function tagsToPromote(
  config: Pick<Config, "publish">,
  situation: Situation,
): readonly string[] {
  const { branch, defaultBranch, trusted } = situation;
  if (branch === undefined || !trusted) return [];
  return promotedTags(config, { name: branch, slug: slugOf(branch), defaultBranch });
}

/** The branch that a tag is named after (`{slug}`); no other branch may move it. */
export function ownerOf(
  tag: string,
  config: Pick<Config, "publish">,
  { branch, defaultBranch }: Situation,
): string | undefined {
  if (branch === undefined) return undefined;
  const named = isNamedAfter(config, { name: branch, slug: slugOf(branch), defaultBranch }, tag);
  return named ? branch : undefined;
}

/** A branch as GitLab's `CI_COMMIT_REF_SLUG` spells it: 63 characters of `a-z`, `0-9` and `-`. */
export function slugOf(branch: string): string {
  return branch
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
}

/**
 * Points a tag at every image of the plan's set and keeps a record of it, unless a newer commit is
 * there already or is being promoted at the same time.
 *
 * Reads the digests from the set record, so nothing is built, asked again or moved but manifests.
 * `owner` is the branch that the tag is named after; TAG_TAKEN where it is another branch's already.
 */
export async function promote(
  plan: Plan,
  tag: string,
  base: Repository,
  registry: Registry,
  isAncestor: IsAncestor,
  now: Date,
  owner?: string,
): Promise<Promotion> {
  const template = plan.config.repository;
  const names = plan.images.map(({ name }) => repositoryOf(base, template, name));
  registry.announce("push", [below(base, recordRepositoryName), ...names]);
  const generation = plan.set.generation ?? pipelineGeneration(plan);
  const [fresh, usual, previous] = await Promise.all([
    generation === undefined
      ? undefined
      : readRecord(registry, base, ofGeneration(setTag(plan.set.id), generation)),
    readRecord(registry, base, setTag(plan.set.id)),
    readRecord(registry, base, tag),
  ]);
  const recorded = fresh ?? usual;
  if (recorded === undefined) {
    if (isElsewhere(plan)) return { kind: "upstream's", tag };
    throw unrecorded(base, plan.set.id);
  }
  const other = previous?.branch;
  if (owner !== undefined && other !== undefined && other !== owner) throw taken(tag, owner, other);
  const state = await compare(previous, plan, isAncestor);
  if (state === "older")
    return { kind: "older", tag, promoted: previous?.revision ?? "an unknown commit" };
  const at = { tag, template, base, registry, now };
  if (fresh !== undefined) await adoptGeneration(plan, fresh, usual, at);
  const record = {
    ...recorded,
    revision: plan.revision ?? undefined,
    ...(owner === undefined ? {} : { branch: owner }),
  };
  if (state === "same" && (await behind(record, at)).length === 0)
    return { kind: "unchanged", tag };
  const { images, newer } = await moveForward(record, at, isAncestor);
  return newer === undefined
    ? { kind: "promoted", tag, images }
    : { kind: "older", tag, promoted: newer };
}

async function compare(
  previous: SetRecord | undefined,
  plan: Plan,
  isAncestor: IsAncestor,
): Promise<"newer" | "same" | "older"> {
  const before = previous?.revision;
  if (before === undefined || plan.revision === null) return "newer";
  if (before === plan.revision) return previous?.setId === plan.set.id ? "same" : "newer";
  const older = await isAncestor(plan.revision, before);
  if (older === undefined) {
    throw new BerthError(
      "GIT_FAILED",
      `compare ${plan.revision} with the promoted commit ${before}: the clone does not hold both`,
      {
        hint: "let the job fetch more history (GIT_DEPTH: 0), then run it again",
      },
    );
  }
  return older ? "older" : "newer";
}

async function readRecord(
  registry: Registry,
  base: Repository,
  tag: string,
): Promise<SetRecord | undefined> {
  const reference = recordReference(base, tag);
  const manifest = await registry.get(reference);
  return manifest === undefined ? undefined : parseRecord(manifest, printReference(reference));
}

/** What a job of this pipeline refreshed, for a promotion that has no plan of its at hand. */
function pipelineGeneration({ pipeline }: Pick<Plan, "pipeline">): string | undefined {
  return pipeline === null ? undefined : generationOfPipeline(pipeline);
}

function isElsewhere({ complete, images }: Plan): boolean {
  return !complete && images.every(({ decision }) => decision.kind === "reuse");
}

function taken(tag: string, owner: string, other: string): BerthError {
  return new BerthError(
    "TAG_TAKEN",
    `promote ${tag} from the branch ${owner}: this tag belongs to the branch ${other}`,
    {
      hint: "both names have the same slug (63 characters of a-z, 0-9 and -); rename a branch, or give one of them a tag of its own under `publish`",
    },
  );
}

function unrecorded(base: Repository, setId: string): BerthError {
  return new BerthError(
    "SET_INCOMPLETE",
    `promote: ${printReference(recordReference(base, setTag(setId)))} is not there`,
    {
      hint: "run `berth ensure` (or `berth publish` after the builds) for this commit first",
    },
  );
}
