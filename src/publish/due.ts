/** Whether a plan leaves anything to publish, and what that is going to write. */
import { below, parseReference, parseRepository, type Repository } from "../oci/reference.ts";
import { isBuilt } from "../plan/decision.ts";
import type { Plan, PlannedImage } from "../plan/plan.ts";
import { recordRepositoryName } from "../plan/record.ts";
import type { Situation } from "../plan/situation.ts";
import type { Registry } from "../registry/registry.ts";

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
  plan: Pick<Plan, "images" | "complete">,
  base: Repository,
  registry: Pick<Registry, "announce">,
): void {
  const isQuick = plan.images.every(({ decision }) => !isBuilt(decision));
  if (isQuick) announceWrites(plan, base, registry);
}

/** Announces every repository that is written, with the one that it is copied from beside it. */
export function announceWrites(
  { images, complete }: Pick<Plan, "images" | "complete">,
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
