/** The states of a project that `explain` compares. */
import { loadConfig, type State, stateOf } from "../config/load.ts";
import { promotedTags } from "../config/promoted.ts";
import { commitOf } from "../context/objects.ts";
import { revisionTrees } from "../context/revision.ts";
import { startAgainst } from "../explain/against.ts";
import { changesSince } from "../explain/since.ts";
import { sourcesOf } from "../plan/places.ts";
import type { Change } from "../plan/plan.ts";
import { namedConfig } from "./project.ts";
import type { Session } from "./session.ts";
import type { GlobalOptions } from "./verb.ts";

/** States at commits, which share what they read of git's objects. */
export function statesOf(
  { world, project }: Session,
  options: Pick<GlobalOptions, "config">,
): (commit: string) => Promise<State> {
  const tree = revisionTrees(project.git);
  const named = namedConfig(world, options);
  return async (commit) => {
    const at = await tree(commit);
    const missing = named === undefined ? "error" : "skip";
    return stateOf(at, await loadConfig(at, named), { missing });
  };
}

/** The tag that this branch promotes, or else the first that has a name of its own. */
export async function promotedTag({ project, situation }: Session): Promise<string | undefined> {
  const { publish } = project.config;
  const { branch, defaultBranch } = situation;
  // Git is asked only where the answer can make a difference.
  const isAsked = branch === undefined && publish.length > 1;
  const current = isAsked ? await project.git.run(["branch", "--show-current"]) : "";
  const name = branch ?? current.toString().trim();
  const own = name === "" ? [] : promotedTags(project.config, { name, defaultBranch });
  return own[0] ?? publish.find(({ tag }) => !tag.includes("{"))?.tag;
}

/**
 * For images that have to be built, what changed since the promoted set, or else since the branch began; for the
 * reasons of a plan.
 *
 * Call it only where there is something to build: it costs one GET and reads the images of one commit.
 */
export async function reasonsOfBuilds(
  names: readonly string[],
  session: Session,
  options: Pick<GlobalOptions, "config">,
): Promise<ReadonlyMap<string, Change>> {
  const { project, situation, login } = session;
  const { git } = project;
  const start = async () => {
    const head = await commitOf(git, "HEAD");
    if (head === undefined) return undefined;
    return startAgainst(head, true, situation.defaultBranch, git);
  };
  const bases = sourcesOf(situation, project.config).map(({ base }) => base);
  const states = { now: project, stateAt: statesOf(session, options) };
  const query = { names, tag: await promotedTag(session), bases, start, ...states };
  return changesSince(query, login.registry, git);
}
