/** `berth promote`: moving tags, forward only. */
import { type ExitCode, exitCodes } from "../errors.ts";
import { isTag } from "../oci/reference.ts";
import { ownBase } from "../plan/situation.ts";
import { ownerOf, type Promotion, promote, tagsToPromote } from "../publish/promote.ts";
import { ancestry } from "./ancestry.ts";
import { usageError } from "./fail.ts";
import { openPlannedOrPlan } from "./planned.ts";
import type { SessionOptions } from "./session.ts";

export async function promoteCommand(
  options: SessionOptions & { readonly tag?: readonly string[] },
): Promise<ExitCode> {
  const { situation, login, world, plan } = await openPlannedOrPlan(options);
  const base = ownBase(situation);
  const tags = options.tag ?? tagsToPromote(plan.config, situation);
  const bad = tags.filter((tag) => !isTag(tag));
  if (bad.length > 0)
    throw usageError(`promote to ${bad.join(", ")}: not a tag`, "give a tag such as latest");
  const git = await world.openGit(world.cwd);
  const promotions: Promotion[] = [];
  for (const tag of tags) {
    const now = world.clock.now();
    const owner = ownerOf(tag, plan.config, situation);
    promotions.push(await promote(plan, tag, base, login.registry, ancestry(git), now, owner));
  }
  await git.close();
  world.print(
    options.json === true
      ? `${JSON.stringify({ promotions })}\n`
      : describe(promotions, situation.branch),
  );
  return exitCodes.done;
}

function describe(promotions: readonly Promotion[], branch: string | undefined): string {
  if (promotions.length === 0)
    return `nothing to promote: no rule of \`publish\` names ${branch ?? "this run, which has no branch of a pipeline"}; --tag says which tag to move\n`;
  return promotions.map((promotion) => `${sentence(promotion)}\n`).join("");
}

function sentence(promotion: Promotion): string {
  switch (promotion.kind) {
    case "promoted":
      return `${promotion.tag}: moved on ${promotion.images} ${promotion.images === 1 ? "image" : "images"}`;
    case "unchanged":
      return `${promotion.tag}: already here`;
    case "upstream's":
      return `${promotion.tag}: nothing to move, all images are upstream's`;
    case "older":
      return `${promotion.tag}: left alone, it is at ${promotion.promoted}, which is newer than this commit`;
    case "later":
      return `${promotion.tag}: left alone, pipeline ${promotion.pipeline} has refreshed these images since`;
  }
}
