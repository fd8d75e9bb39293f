/** A project's git history for the stand-in of GitLab: made in memory, or read from a repository. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";

export interface HistoryCommit {
  readonly id: string;
  readonly parents: readonly string[];
  readonly at: Date;
}

export interface History {
  /** Branches with the commits that they are at. */
  heads(): ReadonlyMap<string, string>;
  /** By its id, or a branch. */
  commit(revision: string): HistoryCommit | undefined;
  /** Everything that a commit has in its history, itself first and the newest before the older. */
  reachable(id: string): readonly HistoryCommit[];
}

export interface MemoryHistory extends History {
  /** Makes a commit on a branch (which it makes too) and gives its id. */
  add(branch: string, options?: { readonly at?: Date; readonly merging?: string }): string;
  /** Lets a branch begin at, or move to, a commit or another branch. */
  point(branch: string, revision: string): void;
  remove(branch: string): void;
}

/** A history that a test makes commit by commit; a fork begins with its parent's. */
export function memoryHistory(parent?: History): MemoryHistory {
  const commits = new Map<string, HistoryCommit>();
  const heads = new Map(parent?.heads());
  const commit = (revision: string): HistoryCommit | undefined =>
    commits.get(heads.get(revision) ?? revision) ?? parent?.commit(heads.get(revision) ?? revision);
  let count = 0;
  return {
    heads: () => heads,
    commit,
    reachable: (id) => walk(id, commit),
    add(branch, { at = new Date("2026-11-20T12:00:00Z"), merging } = {}) {
      count += 1;
      const parents = [heads.get(branch), merging].filter((id) => id !== undefined);
      const text = JSON.stringify([branch, count, parents, at, Math.random()]);
      const id = createHash("sha1").update(text).digest("hex");
      commits.set(id, { id, parents, at });
      heads.set(branch, id);
      return id;
    },
    point: (branch, revision) => void heads.set(branch, heads.get(revision) ?? revision),
    remove: (branch) => void heads.delete(branch),
  };
}

function walk(
  id: string,
  commit: (id: string) => HistoryCommit | undefined,
): readonly HistoryCommit[] {
  const seen = new Map<string, HistoryCommit>();
  const waiting = [id];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const found = seen.has(next) ? undefined : commit(next);
    if (found === undefined) continue;
    seen.set(next, found);
    waiting.push(...found.parents);
  }
  return [...seen.values()].sort((a, b) => b.at.getTime() - a.at.getTime());
}

/** The history of a git repository on disk, read anew at each question. */
export function gitHistory(folder: string): History {
  const git = (...args: string[]): string => {
    const output = execFileSync("git", args, { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
    return output.toString().trim();
  };
  const log = (...args: string[]): readonly HistoryCommit[] =>
    git("log", "--date-order", "--format=%H %ct %P", ...args)
      .split("\n")
      .map((line) => {
        const [id = "", seconds = "", ...parents] = line.split(" ");
        return { id, parents, at: new Date(Number(seconds) * 1000) };
      });
  /** Nothing of what is not there. */
  const logOf = (revision: string, ...flags: string[]): readonly HistoryCommit[] => {
    try {
      return log(...flags, revision, "--");
    } catch {
      return [];
    }
  };
  return {
    heads() {
      const lines = git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads");
      const pairs = lines === "" ? [] : lines.split("\n").map((line) => line.split(" "));
      return new Map(pairs.map(([name = "", id = ""]) => [name, id]));
    },
    commit: (revision) => logOf(revision, "-1")[0],
    reachable: (id) => logOf(id),
  };
}

/** The newest common ancestor. */
export function mergeBaseOf(history: History, one: string, other: string): string | undefined {
  const ids = new Set(history.reachable(one).map(({ id }) => id));
  return history.reachable(other).find(({ id }) => ids.has(id))?.id;
}
