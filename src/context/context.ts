/** The build context that a Dockerfile reaches, described for the key. */
import { BerthError } from "../errors.ts";
import { readIgnore } from "./ignore.ts";
import { selectEntries } from "./select.ts";
import type { ContextEntry, ContextSource } from "./source.ts";
import type { Tree } from "./tree.ts";

export interface ContextRequest {
  /** The Dockerfile's path below the repository's top; names problems and finds its ignore file. */
  readonly dockerfile: string;
  /** The context's folder; `""` is the repository's top. */
  readonly context: string;
  readonly sources: readonly ContextSource[];
}

export interface ContextDescription {
  /** What is in the context, sorted by the bytes of the paths, which are below the context's folder. */
  readonly entries: readonly ContextEntry[];
  /** Sources without wildcards that name nothing; the build will fail on them. */
  readonly missing: readonly ContextSource[];
  /** Submodules that are not checked out and of which the context has an empty folder. */
  readonly emptied: readonly string[];
  /** The ignore file that was applied, below the repository's top. */
  readonly ignoreFile: string | undefined;
}

/**
 * Says which files a build can reach; CONTEXT_INVALID with all reasons where they cannot be used, CONTEXT_ABSENT
 * where no more is wrong than that this machine does not have them.
 *
 * Without sources it reads and lists nothing.
 */
export async function describeContext(
  tree: Tree,
  { dockerfile, context, sources }: ContextRequest,
): Promise<ContextDescription> {
  if (sources.length === 0) return { entries: [], missing: [], emptied: [], ignoreFile: undefined };
  const ignore = await readIgnore(tree, dockerfile, context);
  const { entries, missing, emptied, problems } = await selectEntries(
    tree,
    context,
    sources,
    ignore,
  );
  if (problems.length > 0) {
    const [code, what] = problems.every(({ absent }) => absent)
      ? (["CONTEXT_ABSENT", `files of ${tree.label} are not on this machine`] as const)
      : (["CONTEXT_INVALID", "not usable"] as const);
    throw new BerthError(code, `read the context of ${dockerfile}: ${what}`, {
      hint: "make these files available, or exclude them in .dockerignore",
      problems: problems.map(({ line, message }) => ({
        file: dockerfile,
        line,
        column: 1,
        message,
      })),
    });
  }
  if (entries.length === 0 && missing.length > 0) await refuseLinkedFolder(tree, context);
  return { entries, missing, emptied, ignoreFile: ignore.file };
}

async function refuseLinkedFolder(tree: Tree, context: string): Promise<void> {
  const entry = context === "" ? undefined : await tree.entry(context);
  if (entry?.kind !== "symlink") return;
  throw new BerthError("CONTEXT_INVALID", `read context ${context}: it is a link`, {
    hint: "name the folder that the link leads to",
  });
}
