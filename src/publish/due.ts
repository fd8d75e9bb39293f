/** Whether a plan leaves anything to publish; pure. */
import type { Plan } from "../plan/plan.ts";
import type { Situation } from "../plan/situation.ts";

/**
 * Nothing is due where all images exist and either some are upstream's (a fork then writes nothing), or
 * the set is on record and no tag of a user's is to be given. A pipeline writes a stale record anew.
 */
export function isPublishDue(
  plan: Pick<Plan, "images" | "complete" | "set">,
  { ci, trusted, wishes }: Pick<Situation, "ci" | "trusted" | "wishes">,
): boolean {
  if (plan.images.some(({ decision }) => decision.kind !== "reuse")) return true;
  if (plan.set.stale && ci && trusted) return true;
  return plan.complete && (plan.set.record === null || wishes.tag !== undefined);
}
