/** Files of one state of the repository: the working tree or a revision. */

/** One file as git sees it; folders are not entries of their own. */
export interface TreeEntry {
  /** Below the repository's top, with `/`. */
  readonly path: string;
  readonly kind: "file" | "symlink" | "submodule";
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
 * `submodule`; one that is, is seen as the files in it. Bytes are those that a checkout has: a revision
 * is read through git's conversion of line ends, encodings and filters. What the project has and this
 * machine has not is CONTEXT_ABSENT when it is read.
 */
export interface Tree {
  /** Names the state in messages, such as `the working tree` or `revision 5c24acf320a0`. */
  readonly label: string;
  /**
   * All entries below a folder (`""` for all), sorted by the bytes of their paths; CONTEXT_INVALID where
   * a name in it is not UTF-8. With `only`, at least those that are or lie below one of these names in
   * the folder: cheaper, where the folder is large.
   */
  list(folder: string, only?: readonly string[]): Promise<readonly TreeEntry[]>;
  /**
   * Paths of files and symlinks whose last element matches one of the globs (`*` only), such as
   * `*.docker`; sorted likewise. Submodules are left out, so that what is found does not depend on
   * which of them are checked out.
   */
  find(names: readonly string[]): Promise<readonly string[]>;
  entry(path: string): Promise<TreeEntry | undefined>;
  /** A file's bytes, or a symlink's target; `undefined` where there is no such entry. */
  read(path: string): Promise<Buffer | undefined>;
}
