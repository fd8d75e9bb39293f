/** What git knows of commits, after fetching what a shallow clone lacks. */
import { hasCommit, isCommit, isShallow } from "../context/objects.ts";
import type { MergeHistory } from "../plan/refresh.ts";
import type { Git } from "../world.ts";

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
