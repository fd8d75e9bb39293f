/** Files of one state of the repository: the working tree or a revision. */
import { comparePaths } from "./paths.ts";

/** One thing that git sees, or a folder in which it sees something. */
export interface TreeEntry {
  /** Below the repository's top, with `/`. */
  readonly path: string;
  readonly kind: "file" | "symlink" | "folder" | "submodule";
  readonly executable: boolean;
  /** In bytes, where the state knows it without reading the file. */
  readonly size?: number;
  /** Why its content is not on this machine though the project has it, and what to do. */
  readonly absent?: string;
}

/**
 * A state of the repository, read without changing it.
 *
 * The working tree offers what git tracks and what is new and not ignored (so that a key on a
 * developer's machine is the key of CI); a revision offers what its commit holds. `.git` anywhere and
 * `.berth` at the top are never part of either. A submodule that is not checked out is an entry of kind
 * `submodule`; one that is, is a folder. Bytes are those that a checkout has: a revision is read through
 * git's conversion of line ends, encodings and filters. What the project has and this machine has not is
 * CONTEXT_ABSENT when it is read.
 */
export interface Tree {
  /** Names the state in messages, such as `the working tree` or `revision 5c24acf320a0`. */
  readonly label: string;
  /**
   * What is in a folder (`""` for the top), by name; nothing where there is no such folder. CONTEXT_INVALID
   * where a name in it is not UTF-8.
   */
  folder(path: string): Promise<ReadonlyMap<string, TreeEntry>>;
  /**
   * Paths of files and symlinks whose last element matches one of the globs (`*` only), such as
   * `*.docker`, in a folder (`""` for all) and below; sorted by their bytes. Submodules are left out, so that
   * what is found does not depend on which of them are checked out.
   */
  find(names: readonly string[], folder?: string): Promise<readonly string[]>;
  /** What is at a path, if it is no folder. */
  entry(path: string): Promise<TreeEntry | undefined>;
  /** A file's bytes, or a symlink's target; `undefined` where there is no such entry. */
  read(path: string): Promise<Buffer | undefined>;
  /** The same of many, which is quicker than one by one; the bytes may share memory. */
  readMany(paths: readonly string[]): Promise<readonly (Buffer | undefined)[]>;
  /** The rule, as `file:line`, by which git leaves out what may well lie at a path of this machine. */
  readonly ruledOut?: (path: string) => Promise<string | undefined>;
  /** Whether git tracks what is at a path of the work tree, or something below it; submodules speak for themselves. */
  readonly tracks?: (path: string) => Promise<boolean>;
}

/** All that is below a folder (`""` for all), folders themselves left out; sorted by the bytes of the paths. */
export async function entriesBelow(tree: Tree, folder: string): Promise<readonly TreeEntry[]> {
  const found: TreeEntry[] = [];
  const visit = async (path: string): Promise<void> => {
    const entries = [...(await tree.folder(path)).values()];
    found.push(...entries.filter(({ kind }) => kind !== "folder"));
    // All at once, so that the objects of a revision arrive in one stream.
    await Promise.all(
      entries.filter(({ kind }) => kind === "folder").map((entry) => visit(entry.path)),
    );
  };
  await visit(folder);
  return found.sort((a, b) => comparePaths(a.path, b.path));
}

/** Whether a path is a folder, or anything else, of the tree. */
export async function holds(tree: Tree, path: string): Promise<boolean> {
  return (await tree.entry(path)) !== undefined || (await tree.folder(path)).size > 0;
}
