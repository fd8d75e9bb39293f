/** `berth prune`: what the registry need not hold any more, as GitLab shows it. */
import type { Command } from "commander";
import { type Config, givenSettings } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { revisionTrees } from "../context/revision.ts";
import { workTree } from "../context/worktree.ts";
import { type ExitCode, exitCodes } from "../errors.ts";
import { isDenied, unlessDenied } from "../gitlab/rights.ts";
import { count } from "../output/table.ts";
import { asUntrusted, ownBase, type Situation, situationOf } from "../plan/situation.ts";
import { gatherFacts, type PruneProject, type Pruning } from "../prune/facts.ts";
import {
  type Applied,
  applyPrune,
  isUnsettled,
  judgedAgain,
  makePrunePlan,
  type PrunePlan,
} from "../prune/plan.ts";
import { appliedJson, printApplied, printPrunePlan, tagJson } from "../prune/report.ts";
import { type GitLabProject, gitlabShelf, type Shelf } from "../prune/shelf.ts";
import {
  type CommitSettings,
  commitReader,
  gitHistory,
  gitlabActivity,
  type Sources,
} from "../prune/sources.ts";
import type { Git, World } from "../world.ts";
import { collectSoon, namedConfig, signOfLife } from "./project.ts";
import { gitlabOf, login } from "./session.ts";
import { examples, type GlobalOptions, usageError, type Work } from "./verb.ts";

export function declare(command: Command): Work {
  command
    .description("list the tags that nothing needs any more and why, or delete them")
    .option("--apply", "delete what the list says, after another look at each")
    .option("--each", "one line for each tag instead of one for each reason")
    .option("--all", "list what stays too")
    .addHelpText(
      "after",
      examples("berth prune", "berth prune --each", "berth prune --apply", "berth prune --json"),
    );
  return prune;
}

interface PruneOptions extends GlobalOptions {
  readonly apply?: boolean;
  readonly each?: boolean;
  readonly all?: boolean;
}

async function prune(world: World, options: PruneOptions): Promise<ExitCode> {
  const pruning = await openPruning(world, options);
  const facts = await pruning.facts();
  const isApplied = options.apply === true;
  const first = await makePrunePlan(pruning, facts, !isApplied);
  const onProgress = (done: number, all: number): void =>
    world.log.info(`${done} of ${all} tags looked at again`);
  const applied = isApplied ? await applyPrune(pruning, first, { onProgress }) : undefined;
  const plan = judgedAgain(first, applied ?? []);
  print(world, options, plan, applied);
  const { prefix } = pruning.project.config;
  const unknown = plan.tags.filter(isUnsettled).length;
  if (unknown > 0 && facts.usesKnownSince === undefined)
    world.log.warn(
      `${count(unknown, "tag")} stay because neither their age nor the recent pipelines are known; with a project access token (role Reporter, scope read_api) in ${prefix}_GITLAB_TOKEN the pipelines are`,
    );
  return endOf(plan, applied);
}

function print(
  world: World,
  options: PruneOptions,
  plan: PrunePlan,
  applied: readonly Applied[] | undefined,
): void {
  if (options.json !== true) {
    world.print(printPrunePlan(plan, options, world.screen));
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

/** A prune that could not do all of its work shall be seen. */
function endOf(plan: PrunePlan, applied: readonly Applied[] | undefined): ExitCode {
  if (applied === undefined) return exitCodes.done;
  const isInDoubt = applied.some(({ tag }) => tag.verdict.reason.why === "doubt");
  return plan.doubts.length > 0 || isInDoubt ? exitCodes.failed : exitCodes.done;
}

/** Opens GitLab's view of the project. */
async function openPruning(world: World, options: GlobalOptions): Promise<Pruning> {
  await collectSoon();
  const git = await world.openGit(world.cwd);
  const named = namedConfig(world, options);
  const given = givenSettings(world.env);
  const config = await loadConfig(workTree(git, world.files), named, given);
  const situation = situationOf(world.env, config, options.registry);
  const { upstream, role, pipeline } = situation;
  const upstreamOfTried = asUntrusted(situation, "what it runs is a stranger's").upstream;
  const place = await gitlabPlace(world, config, situation);
  const project: PruneProject = {
    config,
    isFork: role !== "upstream" && upstream !== undefined,
    defaultBranch: await defaultBranch(situation, place),
    ownPipeline: pipeline === undefined ? undefined : Number(pipeline),
    userTag: situation.wishes.tag,
  };
  const sources: Sources = {
    activity: gitlabActivity(place),
    history: gitHistory(git),
    readCommit: readCommits(world, git, { given, upstream, upstreamOfTried, named }),
  };
  const facts = () => gatherFacts(sources, project, world.clock.now());
  return { project, shelf: withSigns(gitlabShelf(place), world), sources, facts };
}

/** Many commits are long in reading. */
function readCommits(world: World, git: Git, settings: CommitSettings): Sources["readCommit"] {
  const read = commitReader(revisionTrees(git), settings);
  const step = signOfLife(world, (count) => `what ${count} commits need is read so far`);
  return (commit) => {
    step();
    return read(commit);
  };
}

/** Lists of very many tags are long in reading. */
function withSigns(shelf: Shelf, world: World): Shelf {
  const listed = signOfLife(world, (count) => `${count} tags listed so far`);
  return {
    ...shelf,
    async *tags(repository) {
      for await (const tags of shelf.tags(repository)) {
        listed(tags.length);
        yield tags;
      }
    },
  };
}

/** No registry alone tells what a project's branches need, or lists its repositories. */
async function gitlabPlace(
  world: World,
  config: Config,
  situation: Situation,
): Promise<GitLabProject> {
  const gitlab = await gitlabOf(world, config.prefix);
  if (gitlab === undefined)
    throw usageError(
      "prune: GitLab, which tells what is needed, is not known",
      `run it in a job, or set CI_SERVER_URL and a token in ${config.prefix}_GITLAB_TOKEN`,
    );
  const base = ownBase(situation);
  return {
    gitlab,
    registry: login(world, config).registry,
    project: world.env["CI_PROJECT_ID"] || world.env["CI_PROJECT_PATH"] || base.path,
    base,
  };
}

async function defaultBranch(
  situation: Situation,
  place: GitLabProject,
): Promise<string | undefined> {
  if (situation.defaultBranch !== undefined) return situation.defaultBranch;
  const project = await unlessDenied(place.gitlab.project(place.project));
  return isDenied(project) ? undefined : project?.defaultBranch;
}
