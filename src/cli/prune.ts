/** `berth prune`: what the registry need not hold any more. */
import type { Command } from "commander";
import { type ExitCode, exitCodes } from "../errors.ts";
import type { World } from "../host/world.ts";
import { type Applied, applyPrune } from "../prune/apply.ts";
import type { Facts } from "../prune/facts.ts";
import type { Rules } from "../prune/judge.ts";
import { isUnsettled, makePrunePlan, type PrunePlan } from "../prune/plan.ts";
import { appliedJson, printApplied, printPrunePlan, tagJson } from "../prune/report.ts";
import { type OpenShelf, openShelf } from "./shelf.ts";
import { doing, examples, type GlobalOptions, usageError } from "./verb.ts";

export function declare(program: Command): void {
  program
    .command("prune")
    .description("list the tags that nothing needs any more and why, or delete them")
    .option("--apply", "delete what the list says, after another look at each")
    .option("--each", "one line for each tag instead of one for each reason")
    .option("--parallel <number>", "deletions at once", "8")
    .addHelpText(
      "after",
      examples("berth prune", "berth prune --each", "berth prune --apply", "berth prune --json"),
    )
    .action(doing(prune));
}

interface PruneOptions extends GlobalOptions {
  readonly apply?: boolean;
  readonly each?: boolean;
  readonly parallel: string;
}

/** Deletions after which branches, merge requests and pipelines are read again. */
const round = 200;

async function prune(world: World, options: PruneOptions): Promise<ExitCode> {
  const parallel = Number(options.parallel);
  if (!Number.isInteger(parallel) || parallel < 1 || parallel > 64)
    throw usageError(`read --parallel ${options.parallel}: not a number from 1 to 64`, "give 8");
  const open = await openShelf(world, options);
  const { config, standing, situation, shelf, sources } = open;
  const rules: Rules = { prune: config.prune, isFork: standing.isFork };
  const facts = await open.facts();
  const plan = await makePrunePlan(shelf, facts, sources, {
    config,
    rules,
    userTag: situation.wishes.tag,
    defaultBranch: standing.defaultBranch,
    looks: options.apply !== true,
  });
  const applied = options.apply === true ? await apply(open, plan, rules, parallel) : undefined;
  print(open, options, plan, applied);
  warnAboutAges(open, plan, facts);
  return endOf(plan, applied);
}

function apply(
  { shelf, facts, world }: OpenShelf,
  plan: PrunePlan,
  rules: Rules,
  parallel: number,
): Promise<readonly Applied[]> {
  const onProgress = (done: number, all: number): void =>
    world.log.info(`${done} of ${all} tags looked at again`);
  return applyPrune(plan, shelf, facts, { rules, parallel, round, onProgress });
}

function print(
  { world }: OpenShelf,
  options: PruneOptions,
  plan: PrunePlan,
  applied: readonly Applied[] | undefined,
): void {
  if (options.json !== true) {
    world.print(printPrunePlan(plan, { each: options.each === true }));
    if (applied !== undefined) world.print(`\n${printApplied(applied)}`);
    return;
  }
  const { totals, doubts } = plan;
  const head = JSON.stringify({ version: 1, totals, doubts });
  const outcome = applied === undefined ? "" : `,"applied":${JSON.stringify(appliedJson(applied))}`;
  world.print(`${head.slice(0, -1)}${outcome},"tags":[`);
  // Piece by piece: a large registry has more tags than one text should hold.
  plan.tags.forEach((tag, index) => {
    world.print(`${index === 0 ? "\n" : ",\n"}${JSON.stringify(tagJson(tag))}`);
  });
  world.print("\n]}\n");
}

function warnAboutAges({ world, config }: OpenShelf, plan: PrunePlan, facts: Facts): void {
  const unknown = plan.tags.filter(isUnsettled).length;
  if (unknown === 0 || facts.usesKnownSince !== undefined) return;
  world.log.warn(
    `${unknown} tags stay because neither their age nor the recent pipelines are known; with a project access token (role Reporter, scope read_api) in ${config.prefix}_GITLAB_TOKEN the pipelines are`,
  );
}

/** A prune that could not do all of its work shall be seen. */
function endOf(plan: PrunePlan, applied: readonly Applied[] | undefined): ExitCode {
  return applied !== undefined && plan.doubts.length > 0 ? exitCodes.failed : exitCodes.done;
}
