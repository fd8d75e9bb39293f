/** What carrying out and publishing a plan is going to write, so that one token serves it all. */
import { below, parseReference, parseRepository, type Repository } from "../oci/reference.ts";
import { isBuilt, type Plan } from "../plan/plan.ts";
import { recordRepositoryName } from "../plan/record.ts";
import type { Registry } from "../registry/registry.ts";

/** The same before a plan is carried out; not where builds come first, which may outlast a token. */
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
