/** What a Dockerfile reaches in its context. */

/** One source of COPY, ADD or a bind mount; `line` is where the Dockerfile names it. */
export type ContextSource =
  | {
      readonly kind: "path";
      /** As written, after expansion of variables: below the context's folder, `/` and `./` allowed before it. */
      readonly pattern: string;
      /** Whether `*`, `?`, `[ ]` and `\` have a meaning. */
      readonly wildcards: boolean;
      /** What links below it lead to is taken too. */
      readonly follow?: true | undefined;
      readonly line: number;
    }
  | { readonly kind: "everything"; readonly line: number };

/** One thing that is in a context. */
export interface ContextEntry {
  /** Below the context's folder, with `/`. */
  readonly path: string;
  /** A folder is an entry only where nothing of what is in it is. */
  readonly kind: "file" | "symlink" | "folder";
  readonly executable: boolean;
}
