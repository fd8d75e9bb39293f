/** `berth promote`: moving tags, forward only. */
import type { Command } from "commander";
import { commitOf } from "../context/objects.ts";
import { isDenied, unlessDenied } from "../gitlab/rights.ts";
import { ownTags } from "../image/key.ts";
import { isTag, type Repository } from "../oci/reference.ts";
import { generationOfPipeline, ofGeneration } from "../oci/tags.ts";
import { count } from "../output/table.ts";
import { refuseForeign } from "../plan/asked.ts";
import { configOf } from "../plan/make.ts";
import { recordReference } from "../plan/record.ts";
import { refusedMove } from "../plan/rights.ts";
import { ownBase, type Situation } from "../plan/situation.ts";
import { refuseUntested } from "../publish/generation.ts";
import {
  ownerOf,
  type Promotion,
  promote,
  refuseStolen,
  tagsToPromote,
} from "../publish/promote.ts";
import type { World } from "../world.ts";
import { outputFolder } from "./folder.ts";
import { ancestry, makePlanOf } from "./make-plan.ts";
import { openProject } from "./project.ts";
import { gitlabOf, openPlanned, openSession, type PlannedSession } from "./session.ts";
import {
  type BuildOptions,
  examples,
  outputOption,
  printResult,
  usageError,
  type Work,
} from "./verb.ts";

export function declare(command: Command): Work {
  command
    .description("point moving tags such as latest at the plan's set, forward only")
    .addOption(outputOption())
    .option(
      "--tag <tag...>",
      "the tags to move (default: those that the configuration names for this branch)",
    )
    .addHelpText("after", examples("berth promote", "berth promote --tag latest"));
  return promoteTags;
}

async function promoteTags(
  world: World,
  options: BuildOptions & { readonly tag?: readonly string[] },
): Promise<void> {
  const bad = (options.tag ?? []).filter((tag) => !isTag(tag));
  if (bad.length > 0)
    throw usageError(`promote to ${bad.join(", ")}: not a tag`, "give a tag such as latest");
  const planned = await openPlannedOrPlan(world, options);
  const { situation, login, plan } = planned;
  const { registry } = login;
  if (options.tag === undefined) refuseStolen(plan.config, situation);
  const isTrusted = situation.untrusted === undefined;
  const wanted = isTrusted ? (options.tag ?? tagsToPromote(plan.config, situation)) : [];
  const tell = (promotions: readonly Promotion[], untrusted = situation.untrusted) =>
    printResult(world, options, { promotions }, describe(promotions, { ...situation, untrusted }));
  // A fork may do without a registry while all images are upstream's.
  const isTheirs = plan.images.every(({ decision }) => decision.kind === "reuse");
  if (situation.own === undefined && isTheirs)
    return tell(wanted.map((tag) => ({ kind: "upstream's", tag })));
  const base = ownBase(situation);
  // A plan that made nothing has asked for no rights: a merge of a Developer's may get here.
  const isAsked = situation.ci && wanted.length > 0;
  const refused = isAsked ? await refusedMove(plan, wanted, base, registry) : undefined;
  const tags = refused === undefined ? wanted : [];
  if (tags.length > 0) await checkTested(world, planned, base);
  const isAncestor = ancestry(await world.openGit(world.cwd));
  const promotions: Promotion[] = [];
  for (const tag of tags) {
    const now = world.clock.now();
    const owner = ownerOf(tag, plan.config, situation);
    promotions.push(await promote({ plan, base, registry, now }, tag, isAncestor, owner));
  }
  tell(promotions, situation.untrusted ?? refused);
}

/** Opens a session on the plan of an earlier job of this commit, or makes one, which needs a checkout. */
async function openPlannedOrPlan(world: World, options: BuildOptions): Promise<PlannedSession> {
  const git = await world.openGit(world.cwd).catch(() => undefined);
  const head = git && (await commitOf(git, "HEAD"));
  const folder = await outputFolder(world, git, options);
  if ((await world.files.entry(`${folder.path}/plan.json`)) !== undefined) {
    const planned = await openPlanned(world, options);
    const { plan, situation } = planned;
    // One that lies here from another commit or pipeline is not what is to be promoted.
    const isOfPipeline = (plan.pipeline ?? undefined) === situation.pipeline;
    if (head === undefined || (plan.revision === head && isOfPipeline)) {
      const { config } = head === undefined ? plan : await openProject(world, options);
      refuseForeign(plan, situation, configOf(config));
      return planned;
    }
  }
  const session = await openSession(world, options);
  const { plan, situation } = await makePlanOf(session, options);
  return { folder, plan, situation, login: session.login };
}

/** SET_UNTESTED where a schedule has refreshed what it is about to promote, and GitLab knows of no test. */
async function checkTested(
  world: World,
  { situation, login, plan }: PlannedSession,
  base: Repository,
): Promise<void> {
  const { scheduled, pipeline } = situation;
  if (!scheduled || pipeline === undefined) return;
  const tag = ofGeneration(ownTags.set(plan.set.id), generationOfPipeline(pipeline));
  if ((await login.registry.head(recordReference(base, tag))) === undefined) return;
  const gitlab = await gitlabOf(world, plan.config.prefix);
  const project = world.env["CI_PROJECT_ID"];
  if (gitlab === undefined || !project) return;
  const jobs = await unlessDenied(gitlab.jobs(project, Number(pipeline)));
  if (isDenied(jobs)) {
    const why = [jobs.message, jobs.hint].filter((text) => text !== undefined).join("; ");
    world.log.warn(`whether anything has tested what was refreshed could not be asked: ${why}`);
  } else refuseUntested(jobs, pipeline);
}

function describe(promotions: readonly Promotion[], { branch, untrusted }: Situation): string {
  if (promotions.length === 0 && untrusted !== undefined)
    return `nothing to promote: an untrusted run moves no tag (${untrusted})\n`;
  if (promotions.length === 0)
    return `nothing to promote: no rule of \`publish\` names ${branch ?? "this run, which has no branch of a pipeline"}; --tag says which tag to move\n`;
  return promotions.map((promotion) => `${sentence(promotion)}\n`).join("");
}

function sentence(promotion: Promotion): string {
  switch (promotion.kind) {
    case "promoted":
      return `${promotion.tag}: moved on ${count(promotion.images, "image")}`;
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
