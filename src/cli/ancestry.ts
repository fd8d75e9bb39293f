/** What git knows of commits, after fetching what a shallow clone lacks. */
import type { MergeHistory } from "../plan/freshness.ts";
import type { IsAncestor } from "../publish/promote.ts";
import type { Git } from "../world.ts";

/**
 * Asks git whether a commit is in the history of another; `undefined` where the clone cannot tell.
 *
 * A commit that is not here is fetched, and a shallow history is made whole before the answer is no:
 * commits alone, without trees and files, where the server knows filters.
 */
export function ancestry(git: Git): IsAncestor {
  return async (ancestor, descendant) => {
    await fetchMissing(git, [ancestor, descendant]);
    if (!(await has(git, ancestor)) || !(await has(git, descendant))) return undefined;
    const isAncestor = () => git.test(["merge-base", "--is-ancestor", ancestor, descendant]);
    if (await isAncestor()) return true;
    if (!(await isShallow(git))) return false;
    if (!(await deepen(git))) return undefined;
    return isAncestor();
  };
}

/** The same, and where the target of a merge is. */
export function mergeHistory(git: Git): MergeHistory {
  return {
    isAncestor: ancestry(git),
    target: async ({ target: { head, branch, url } }) => {
      if (head !== undefined) return head;
      if (branch === undefined) return undefined;
      const from = url === undefined ? "origin" : `${url}.git`;
      const fetched =
        (await fetch(git, [from, `refs/heads/${branch}`])) ||
        (await fetch(git, ["origin", `refs/heads/${branch}`]));
      if (!fetched) return undefined;
      return (await git.object("FETCH_HEAD^{commit}"))?.id ?? (await revision(git, "FETCH_HEAD"));
    },
  };
}

function has(git: Git, commit: string): Promise<boolean> {
  return git.test(["cat-file", "-e", `${commit}^{commit}`]).catch(() => false);
}

async function revision(git: Git, name: string): Promise<string | undefined> {
  const text = await git.run(["rev-parse", "--verify", name]).catch(() => undefined);
  return text?.toString().trim() || undefined;
}

async function fetchMissing(git: Git, commits: readonly string[]): Promise<void> {
  for (const commit of commits) if (!(await has(git, commit))) await fetch(git, ["origin", commit]);
}

async function fetch(git: Git, what: readonly string[]): Promise<boolean> {
  return git.run(["fetch", "--quiet", "--no-tags", ...what]).then(
    () => true,
    () => false,
  );
}

async function isShallow(git: Git): Promise<boolean> {
  const answer = await git.run(["rev-parse", "--is-shallow-repository"]);
  return answer.toString().trim() === "true";
}

async function deepen(git: Git): Promise<boolean> {
  const whole = ["--unshallow", "origin"];
  return (await fetch(git, ["--filter=tree:0", ...whole])) || fetch(git, whole);
}
