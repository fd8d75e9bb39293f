/** Opens what `prune` works on: the shelf of the project's images, and what is going on in the project. */
import { setFlagsFromString } from "node:v8";
import type { Config } from "../config/config.ts";
import { givenSettings } from "../config/given.ts";
import { loadConfig } from "../config/load.ts";
import { revisionTrees } from "../context/revision.ts";
import { workTree } from "../context/worktree.ts";
import { isDenied, unlessDenied } from "../gitlab/rights.ts";
import type { World } from "../host/world.ts";
import { recordRepositoryName } from "../plan/record.ts";
import { ownBase, type Situation, situationOf } from "../plan/situation.ts";
import { type Facts, gatherFacts, type Sources, type Standing } from "../prune/facts.ts";
import { type GitLabProject, gitlabActivity, gitlabShelf } from "../prune/gitlab.ts";
import { gitHistory } from "../prune/history.ts";
import { commitReader } from "../prune/needs.ts";
import { plainShelf, remoteActivity, remoteDefaultBranch } from "../prune/plain.ts";
import type { Shelf } from "../prune/port.ts";
import type { Git } from "../world.ts";
import { gitlabOf, login } from "./login.ts";
import { namedConfig } from "./project.ts";
import type { GlobalOptions } from "./verb.ts";

export interface OpenShelf {
  readonly world: World;
  readonly config: Config;
  readonly situation: Situation;
  readonly standing: Standing;
  readonly sources: Sources;
  readonly shelf: Shelf;
  /** Reads anew what is needed. */
  facts(): Promise<Facts>;
}

/** Opens GitLab's view of the project where GitLab is known, else the plain registry's and git's. */
export async function openShelf(world: World, options: GlobalOptions): Promise<OpenShelf> {
  // Of very long lists what is short-lived is collected in small steps, where V8 would rather let the heap grow. Halves
  // the memory for a hundred thousand tags, at no cost that could be measured.
  setFlagsFromString("--semi-space-growth-factor=1");
  const git = await world.openGit(world.cwd);
  const named = namedConfig(world, options);
  const given = givenSettings(world.env);
  const config = await loadConfig(workTree(git, world.files), named, given);
  const situation = situationOf(world.env, config, options.registry);
  const place = await gitlabPlace(world, config, situation);
  const sources: Sources = {
    activity: place === undefined ? remoteActivity(git) : gitlabActivity(place),
    history: gitHistory(git),
    readCommit: commitReader(revisionTrees(git), {
      given,
      upstream: situation.upstream,
      ...(named === undefined ? {} : { named }),
    }),
  };
  const standing: Standing = {
    config,
    isFork: situation.role !== "upstream" && situation.upstream !== undefined,
    defaultBranch: await defaultBranch(situation, place, git),
    ownPipeline: situation.pipeline === undefined ? undefined : Number(situation.pipeline),
  };
  const facts = () => gatherFacts(sources, standing, world.clock.now());
  const shelf =
    place === undefined ? plainShelfOf(world, config, situation, facts) : gitlabShelf(place);
  return { world, config, situation, standing, sources, shelf, facts };
}

async function gitlabPlace(
  world: World,
  config: Config,
  situation: Situation,
): Promise<GitLabProject | undefined> {
  const gitlab = await gitlabOf(world, config.prefix);
  if (gitlab === undefined) return undefined;
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
  place: GitLabProject | undefined,
  git: Git,
): Promise<string | undefined> {
  if (situation.defaultBranch !== undefined) return situation.defaultBranch;
  if (place === undefined) return remoteDefaultBranch(git);
  const project = await unlessDenied(place.gitlab.project(place.project));
  return isDenied(project) ? undefined : project?.defaultBranch;
}

/** Without GitLab nobody lists repositories: those of the kept branches and of the records are known. */
function plainShelfOf(
  world: World,
  config: Config,
  situation: Situation,
  facts: () => Promise<Facts>,
): Shelf {
  const known = async () => [recordRepositoryName, ...(await facts()).repositories.keys()];
  return plainShelf(login(world, config).registry, ownBase(situation), known);
}
