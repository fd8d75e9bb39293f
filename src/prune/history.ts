/** The commits that a branch was at within some days, from a clone that may hold only a part of them. */
import type { Git } from "../world.ts";

export interface History {
  /**
   * The commits of a branch since a time, its head, and the commit that it was at before: all that may have
   * been its head. Fails where the clone cannot be completed.
   */
  headsSince(head: string, since: Date): Promise<readonly string[]>;
  /** Makes sure that a commit is here, fetching it where it is not. */
  bring(commit: string): Promise<void>;
}

export function gitHistory(git: Git): History {
  let whole: Promise<void> | undefined;
  const bring = async (commit: string): Promise<void> => {
    if (await hasCommit(git, commit)) return;
    await git.run(["fetch", "--quiet", "--no-tags", ...(await filter(git)), "origin", commit]);
  };
  return {
    bring,
    async headsSince(head, since) {
      await bring(head);
      whole ??= completeHistory(git);
      await whole;
      const seconds = Math.floor(since.getTime() / 1000);
      const [recent, before] = await Promise.all([
        revisions(git, [`--max-age=${seconds}`, head]),
        revisions(git, ["--first-parent", `--min-age=${seconds}`, "--max-count=1", head]),
      ]);
      return [...new Set([head, ...recent, ...before])];
    },
  };
}

async function revisions(git: Git, args: readonly string[]): Promise<readonly string[]> {
  const text = (await git.run(["rev-list", ...args])).toString();
  return text.split("\n").filter((line) => line !== "");
}

function hasCommit(git: Git, commit: string): Promise<boolean> {
  return git.test(["cat-file", "-e", `${commit}^{commit}`]).catch(() => false);
}

/** A shallow clone ends a branch where it does not end. Contents are left to be fetched when they are read. */
async function completeHistory(git: Git): Promise<void> {
  if (!(await isShallow(git))) return;
  await git.run(["fetch", "--quiet", "--no-tags", "--unshallow", "--filter=blob:none", "origin"]);
}

async function isShallow(git: Git): Promise<boolean> {
  return (await git.run(["rev-parse", "--is-shallow-repository"])).toString().startsWith("true");
}

/** A partial or shallow clone takes commits without their files; a full one stays full. */
async function filter(git: Git): Promise<readonly string[]> {
  const partial = await git.test(["config", "--get", "remote.origin.promisor"]);
  return partial || (await isShallow(git)) ? ["--filter=blob:none"] : [];
}
