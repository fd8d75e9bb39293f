/** From a project to its plan: what planning may ask of git, the registry and the person's wishes. */
import { dirtyPaths } from "../context/dirty.ts";
import { commitOf, hasCommit, isCommit, isShallow } from "../context/objects.ts";
import { BerthError } from "../errors.ts";
import type { Spool } from "../image/contexts.ts";
import type { Identified } from "../image/identify.ts";
import type { MergeHistory } from "../plan/freshness.ts";
import type { FilesState } from "../plan/make.ts";
import type { Change } from "../plan/plan.ts";
import { type Planned, planOf } from "../plan/plan-of.ts";
import type { Git } from "../world.ts";
import { known } from "./project.ts";
import { refuseDirty, type Session } from "./session.ts";
import type { BuildOptions } from "./verb.ts";

/** Plans what the session is opened on; IMAGE_UNKNOWN where a user wants another image built again. */
export async function makePlanOf(
  session: Session,
  options: BuildOptions,
  spool?: Spool,
): Promise<Planned> {
  const { world, project, situation, login } = session;
  const { config, images, git } = project;
  const { force } = situation.wishes;
  if (Array.isArray(force)) known(images, force, ` of ${config.prefix}_FORCE_REBUILD`);
  const planned = await planOf({
    config,
    situation,
    env: world.env,
    images,
    registry: login.registry,
    now: world.clock.now(),
    identify: () => project.identify([], spool),
    filesState: (identified) => cleanState(session, identified, options),
    history: mergeHistory(git),
    changes: (names) => changesIn(names, session, options),
  });
  for (const warning of planned.plan.warnings) world.log.warn(warning);
  return planned;
}

/** What changed in images that have to be built; what another revision lacks is not asked. */
async function changesIn(names: readonly string[], session: Session, options: BuildOptions) {
  if (options.rev !== undefined) return new Map<string, Change>();
  const { reasonsOfBuilds } = await import("./explain.ts");
  return reasonsOfBuilds(names, session, options);
}

async function cleanState(
  session: Session,
  identified: Identified,
  options: BuildOptions,
): Promise<FilesState> {
  const { git } = session.project;
  const state =
    options.rev === undefined
      ? await workingState(session, identified, options)
      : { revision: await commitOf(git, options.rev), dirty: [] };
  // In CI every job must see the files of the commit; on a developer's machine only publishing is refused.
  if (session.situation.ci) refuseDirty("plan", state.dirty, options);
  if (options.rev === undefined) refuseOther(state.revision, session, options);
  return state;
}

/** Refuses the files that an earlier job left, where this one checks no commit out. */
function refuseOther(
  revision: string | undefined,
  { world: { env }, project: { git } }: Session,
  { allowDirty }: BuildOptions,
): void {
  const wanted = env["CI_COMMIT_SHA"];
  const isProject = git.root === env["CI_PROJECT_DIR"];
  if (!isProject || !wanted || revision === wanted || allowDirty === true) return;
  const what = `plan: the files in ${git.root} are those of ${revision ?? "no commit"}, and this pipeline is of ${wanted}`;
  throw new BerthError("TREE_DIRTY", what, {
    hint: "let the job check out its commit (no GIT_STRATEGY none and no GIT_CHECKOUT false), or give --allow-dirty to take what is there",
  });
}

async function workingState(
  { project: { git, tree, config } }: Session,
  { covered }: Identified,
  options: BuildOptions,
): Promise<FilesState> {
  const revision = await commitOf(git, "HEAD");
  if (revision === undefined) return { revision, dirty: covered.files };
  const own = config.file === undefined || options.config !== undefined ? [] : [config.file];
  const changed = await dirtyPaths(git, tree, [...covered.files, ...covered.folders, ...own]);
  const counted = new Set([...covered.files, ...own]);
  const gone = await Promise.all(
    changed.map(async (path) => (await tree.entry(path)) === undefined),
  );
  // A changed file of a folder that an ignore file leaves out of the context is no part of any key.
  return {
    revision,
    dirty: changed.filter((path, index) => counted.has(path) || gone[index] === true),
  };
}

/**
 * Asks git whether a commit is in the history of another; `undefined` where it cannot be told.
 *
 * A full clone gets what it lacks. A shallow one stays as it is, since a runner keeps it for later jobs:
 * the history up to both commits then goes into a repository beside it, without trees and files where
 * the server knows filters.
 */
export function ancestry(git: Git): MergeHistory["isAncestor"] {
  return async (ancestor, descendant) => {
    if (!isCommit(ancestor) || !isCommit(descendant)) return undefined;
    const asked = ["merge-base", "--is-ancestor", ancestor, descendant];
    const isHere = (await hasCommit(git, ancestor)) && (await hasCommit(git, descendant));
    if (isHere && (await git.test(asked))) return true;
    const place = await wholeHistory(git);
    for (const commit of [ancestor, descendant])
      if (!(await obtain(git, place, "origin", commit))) return undefined;
    return git.test([...place, ...asked]);
  };
}

/** The same, and where the target of a merge is. */
export function mergeHistory(git: Git): MergeHistory {
  return {
    isAncestor: ancestry(git),
    target: async ({ target: { head, branch, url } }) => {
      // Another project's branch of that name may be of any age, so only the target's own will do.
      const remote = url === undefined ? "origin" : `${url}.git`;
      // A variable says where that is, and git would run a program for an address such as ext::sh.
      if (url !== undefined && !/^https?:\/\//.test(url)) return undefined;
      const found = head ?? (branch === undefined ? undefined : await headOf(git, remote, branch));
      if (found === undefined || !isCommit(found)) return undefined;
      await obtain(git, await wholeHistory(git), remote, found);
      return found;
    },
  };
}

async function headOf(git: Git, remote: string, branch: string): Promise<string | undefined> {
  const args = ["ls-remote", "--quiet", "--", remote, `refs/heads/${branch}`];
  const listed = await git.run(args).catch(() => undefined);
  return listed?.toString().split("\t")[0] || undefined;
}

/** The options that let git read a repository with whole histories: none for the clone itself. */
async function wholeHistory(git: Git): Promise<readonly string[]> {
  if (!(await isShallow(git))) return [];
  const folder = (await git.run(["rev-parse", "--git-common-dir"])).toString().trim();
  const place = `--git-dir=${folder}/berth-history`;
  await git.run(["init", "--quiet", "--bare", `${folder}/berth-history`]);
  // The clone's settings say where and as whom to fetch; a login must not become an argument.
  await git.run([place, "config", "include.path", "../config"]);
  return [place];
}

/** Makes a commit with all of its history be there; false where the remote does not give it. */
async function obtain(
  git: Git,
  place: readonly string[],
  remote: string,
  commit: string,
): Promise<boolean> {
  const fetch = ["fetch", "--quiet", "--no-tags"];
  if (place.length === 0)
    return (await hasCommit(git, commit)) || ran(git, [...fetch, "--", remote, commit]);
  // Without a ref the next fetch would begin anew; and asking for a missing object would fetch it alone.
  const ref = `refs/berth/${commit}`;
  if (await git.test([...place, "rev-parse", "--quiet", "--verify", ref])) return true;
  return ran(git, [...place, ...fetch, "--filter=tree:0", "--", remote, `+${commit}:${ref}`]);
}

function ran(git: Git, args: readonly string[]): Promise<boolean> {
  return git.run(args).then(
    () => true,
    () => false,
  );
}
