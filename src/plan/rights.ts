/** What a plan is going to write, whether any of that is due, and whether the registry will take it. */

import { withoutMembers } from "../image/image.ts";
import { builtTagOf, cacheTagOf } from "../image/key.ts";
import {
  below,
  parseReference,
  parseRepository,
  printRepository,
  type Repository,
} from "../oci/reference.ts";
import type { Registry, Right } from "../registry/registry.ts";
import { isBuilt, isFromScratch } from "./decision.ts";
import { repositoryOf } from "./places.ts";
import type { Decision, Plan, PlannedImage } from "./plan.ts";
import { recordRepositoryName } from "./record.ts";
import type { Situation } from "./situation.ts";

/** What making an image be there writes, and what it mounts from, for which one token must do. */
export function rightsFor(
  decision: Decision,
  repository: Repository | undefined,
): readonly Right[] {
  if (repository === undefined || decision.kind === "reuse") return [];
  const write: Right = { access: "push", repository };
  if (decision.kind !== "copy") return [write];
  return [write, { access: "pull", repository: parseReference(decision.from) }];
}

/** What a plan is going to write in one place. */
interface Write {
  readonly name: string;
  readonly rights: readonly Right[];
  /** Every tag that is put there. */
  readonly tags: readonly string[];
}

/**
 * Why the registry will not take what a plan makes and tags, in its own words, before anything is built; `undefined`
 * where it will, or nothing is due. One token is asked for all of it.
 */
export async function refusedWrite(
  plan: Pick<Plan, "images" | "set" | "complete">,
  situation: Pick<Situation, "ci" | "own" | "wishes">,
  registry: Pick<Registry, "announce" | "refusal">,
): Promise<string | undefined> {
  const { images, complete, set } = plan;
  // A record that is old and no more is left to a run that may write it.
  const isLost = images.some(({ decision: at }) => at.kind === "reuse" && at.foundBy === "key-tag");
  const isDue = isPublishDue({ ...plan, set: { ...set, stale: set.stale && isLost } }, situation);
  if (!situation.ci || situation.own === undefined || !isDue) return undefined;
  const made = images.filter(({ decision }) => decision.kind !== "reuse");
  const tagged = made.length > 0 || !complete ? made : images;
  const writes = [recordWrite(plan, situation.own), ...tagged.map(imageWrite(plan, situation))];
  const first = await firstRefused(writes, registry);
  return first && `${first.name} may not be pushed from this pipeline: ${first.refusal}`;
}

/** Why the registry will not let this job move tags of a plan's set, in its own words; `undefined` where it will. */
export async function refusedMove(
  plan: Plan,
  tags: readonly string[],
  base: Repository,
  registry: Pick<Registry, "announce" | "refusal">,
): Promise<string | undefined> {
  const writes = movedRepositories(plan, base).map((repository): Write => {
    return { name: printRepository(repository), rights: [{ access: "push", repository }], tags };
  });
  const first = await firstRefused(writes, registry);
  return first && `${first.name}: ${first.refusal}`;
}

/** Where tags are when a plan's set is promoted: beside its record, and in each image's repository. */
export function movedRepositories(
  { images, config }: Plan,
  base: Repository,
): readonly Repository[] {
  const own = withoutMembers(images).map(({ name }) => repositoryOf(base, config.repository, name));
  return [below(base, recordRepositoryName), ...own];
}

async function firstRefused(
  writes: readonly Write[],
  registry: Pick<Registry, "announce" | "refusal">,
) {
  for (const { access, repository } of writes.flatMap(({ rights }) => rights))
    registry.announce(access, [repository]);
  for (const { name, rights, tags } of writes) {
    const refusal = await registry.refusal(rights, tags);
    if (refusal !== undefined) return { name, refusal };
  }
  return undefined;
}

function imageWrite(
  { set, complete }: Pick<Plan, "set" | "complete">,
  { wishes }: Pick<Situation, "wishes">,
) {
  const shared = complete ? [set.tag, wishes.tag ?? []].flat() : [];
  return ({ name, repository, tag, decision }: PlannedImage): Write => {
    const carriers = isBuilt(decision) ? [builtTagOf(name)] : [];
    const caches = isBuilt(decision) && !isFromScratch(decision) ? [cacheTagOf(name)] : [];
    const own = repository === null ? undefined : parseRepository(repository);
    if (own !== undefined && decision.kind === "reuse")
      return { name, rights: [{ access: "push", repository: own }], tags: shared };
    const rights = rightsFor(decision, own);
    return { name, rights, tags: [tag, ...shared, ...carriers, ...caches] };
  };
}

/** A record's blobs are mounted from where another one was found. */
function recordWrite({ set }: Pick<Plan, "set">, base: Repository): Write {
  const write: Right = { access: "push", repository: below(base, recordRepositoryName) };
  const from = set.record === null ? [] : [parseReference(set.record)];
  const reads = from.map((repository): Right => ({ access: "pull", repository }));
  return { name: "the set record", rights: [write, ...reads], tags: [set.tag] };
}

/**
 * Nothing is due where all images exist and either all are upstream's (a fork then writes nothing), or
 * the set is on record and no tag of a user's is to be given. A pipeline writes a stale record anew, and that of
 * a fork's images among upstream's, which nobody else has.
 */
export function isPublishDue(
  { images, complete, set }: Pick<Plan, "images" | "complete" | "set">,
  { ci, wishes }: Pick<Situation, "ci" | "wishes">,
): boolean {
  if (images.some(({ decision }) => decision.kind !== "reuse")) return true;
  const isUnrecorded = set.record === null && images.some(isOwn);
  if ((set.stale || isUnrecorded) && ci) return true;
  return complete && (set.record === null || wishes.tag !== undefined);
}

function isOwn({ decision, repository }: PlannedImage): boolean {
  return decision.kind === "reuse" && decision.reference.startsWith(`${repository}@`);
}

/** Announces early what publishing will write, unless builds come first: a token would expire. */
export function announceRun(
  plan: Plan,
  base: Repository,
  registry: Pick<Registry, "announce">,
): void {
  const isQuick = plan.images.every(({ decision }) => !isBuilt(decision));
  if (isQuick) announceWrites(plan, base, registry);
}

/** Announces every repository that is written, with the one that it is copied from beside it. */
export function announceWrites(
  { images, complete }: Plan,
  base: Repository,
  registry: Pick<Registry, "announce">,
): void {
  registry.announce("push", [below(base, recordRepositoryName)]);
  if (!complete) return;
  for (const { repository, decision } of images) {
    if (repository !== null) registry.announce("push", [parseRepository(repository)]);
    if (decision.kind === "copy") registry.announce("pull", [parseReference(decision.from)]);
  }
}
