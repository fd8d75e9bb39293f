/** `berth promote`: moving tags, forward only. */
import type { Command } from "commander";
import { type ExitCode, exitCodes } from "../errors.ts";
import type { World } from "../host/world.ts";
import { isTag } from "../oci/reference.ts";
import { ownBase } from "../plan/situation.ts";
import { ownerOf, type Promotion, promote, tagsToPromote } from "../publish/promote.ts";
import { ancestry } from "./ancestry.ts";
import { openPlannedOrPlan } from "./planned.ts";
import {
  type BuildOptions,
  doing,
  examples,
  outputOption,
  printResult,
  usageError,
} from "./verb.ts";

export function declare(program: Command): void {
  program
    .command("promote")
    .description("point moving tags such as latest at the plan's set, forward only")
    .addOption(outputOption())
    .option(
      "--tag <tag...>",
      "the tags to move (default: those that the configuration names for this branch)",
    )
    .addHelpText("after", examples("berth promote", "berth promote --tag latest"))
    .action(doing(promoteTags));
}

async function promoteTags(
  world: World,
  options: BuildOptions & { readonly tag?: readonly string[] },
): Promise<ExitCode> {
  const { situation, login, plan } = await openPlannedOrPlan(world, options);
  const base = ownBase(situation);
  const tags = options.tag ?? tagsToPromote(plan.config, situation);
  const bad = tags.filter((tag) => !isTag(tag));
  if (bad.length > 0)
    throw usageError(`promote to ${bad.join(", ")}: not a tag`, "give a tag such as latest");
  const isAncestor = ancestry(await world.openGit(world.cwd));
  const promotions: Promotion[] = [];
  for (const tag of tags) {
    const now = world.clock.now();
    const owner = ownerOf(tag, plan.config, situation);
    promotions.push(await promote(plan, tag, base, login.registry, isAncestor, now, owner));
  }
  printResult(world, options, { promotions }, describe(promotions, situation.branch));
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
