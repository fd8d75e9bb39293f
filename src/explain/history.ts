/** Where in the history an image's key became what it is. */

export interface Commit {
  readonly id: string;
  readonly subject: string;
}

/** The newest commit that gave an image its key, as far back as was looked. */
export type Origin =
  | { readonly kind: "uncommitted" }
  | ({ readonly kind: "commit"; readonly ago: number } & Commit)
  /** The key is the same in all commits that were looked at. */
  | { readonly kind: "older"; readonly commits: number }
  /** The same, and the clone has no more of them. */
  | { readonly kind: "first"; readonly commits: number };

/** An image of an earlier key that is there. */
export interface Nearest extends Commit {
  readonly ago: number;
  readonly key: string;
  /** Where it is, by digest. */
  readonly reference: string;
}

export interface HistoryQuery {
  /** The newest first; the parent of each is the next. */
  readonly commits: readonly Commit[];
  /** The list ends where the history does. */
  readonly whole: boolean;
  /** The image's key at a commit; `undefined` where it has none. */
  readonly keyAt: (commit: string) => Promise<string | undefined>;
}

/** Finds the commit that brought a key; asks for no more keys than it needs. */
export async function originOf(key: string, query: HistoryQuery): Promise<Origin> {
  const { commits, whole, keyAt } = query;
  let last: Commit | undefined;
  for (const [index, commit] of commits.entries()) {
    if ((await keyAt(commit.id)) === key) last = commit;
    else if (last === undefined) return { kind: "uncommitted" };
    else return { kind: "commit", ago: index - 1, ...last };
  }
  return { kind: whole ? "first" : "older", commits: commits.length };
}

/** Above this many different keys, nobody is asked any more. */
const mostKeys = 10;

/** Finds the newest commit with another key whose image is there; `find` gives where. */
export async function nearestOf(
  key: string,
  { commits, keyAt }: HistoryQuery,
  find: (key: string) => Promise<string | undefined>,
): Promise<Nearest | undefined> {
  const asked = new Set([key]);
  for (const [ago, commit] of commits.entries()) {
    const other = await keyAt(commit.id);
    if (other === undefined || asked.has(other)) continue;
    if (asked.size > mostKeys) return undefined;
    asked.add(other);
    const reference = await find(other);
    if (reference !== undefined) return { ...commit, ago, key: other, reference };
  }
  return undefined;
}
