/** The build context that a Dockerfile reaches, described for the key. */
import { BerthError } from "../errors.ts";
import { readIgnore } from "./ignore.ts";
import { comparePaths, folderOf, pathBelow } from "./paths.ts";
import { reach, subtree, type View } from "./reach.ts";
import { type ContextSource, type ElementMatch, parsePath } from "./source.ts";
import type { Tree, TreeEntry } from "./tree.ts";

/** One thing that is in a context. A folder is an entry only where nothing of what is in it is. */
export interface ContextEntry extends TreeEntry {
  /** The first line of the Dockerfile that reaches it. */
  readonly line: number;
}

export interface ContextRequest {
  /** The Dockerfile's path below the repository's top; names problems and finds its ignore file. */
  readonly dockerfile: string;
  /** The context's folder; `""` is the repository's top. */
  readonly context: string;
  readonly sources: readonly ContextSource[];
}

export interface ContextDescription {
  /** What is in the context, sorted by the bytes of the paths, which are below the repository's top. */
  readonly entries: readonly ContextEntry[];
  /** Sources without wildcards that name nothing; the build will fail on them. */
  readonly missing: readonly ContextSource[];
  /**
   * Submodules that are not checked out and that only a copy of the whole context reaches: empty folders, as
   * every builder sees them in a clone. In a revision there are none of these, but problems. Below the context's folder.
   */
  readonly emptied: readonly string[];
  /** The ignore file that was applied, below the repository's top. */
  readonly ignoreFile: string | undefined;
}

interface SourceProblem {
  readonly line: number;
  readonly message: string;
  /** Only this machine lacks something; another may have it. */
  readonly absent: boolean;
}

/** What one source selects. */
interface Taken {
  readonly source: ContextSource;
  /** Empty where it is the whole context. */
  readonly path: readonly ElementMatch[];
  readonly nodes: readonly TreeEntry[];
  readonly problem?: string;
}

/**
 * Says which files a build can reach; CONTEXT_INVALID with all reasons where they cannot be used, CONTEXT_ABSENT
 * where no more is wrong than that this machine does not have them.
 *
 * A source takes what it names with all that is below; a link on its way is taken together with where it leads.
 * Links that lie in a folder that was taken are entries and no more, as COPY treats them.
 */
export async function describeContext(
  tree: Tree,
  { dockerfile, context, sources }: ContextRequest,
): Promise<ContextDescription> {
  const ignore = await readIgnore(tree, dockerfile, context);
  const view: View = { tree, folder: context, ignore };
  const taken = await Promise.all(sources.map((source) => take(view, source)));
  const selected = new Map<string, ContextEntry>();
  const named = new Set<string>();
  for (const { source, path, nodes } of taken) {
    for (const node of nodes) {
      if (path.length > 0) named.add(node.path);
      if (!selected.has(node.path)) selected.set(node.path, { ...node, line: source.line });
    }
  }
  const isEmptied = ({ path, kind, absent }: TreeEntry): boolean =>
    kind === "submodule" && !named.has(path) && absent === undefined;
  const all = [...selected.values()];
  const emptied = all.filter(isEmptied);
  const kept = all.filter((entry) => !isEmptied(entry));
  const problems = [...taken.flatMap(problemOf), ...kept.filter(isAbsent).map(absentProblem)];
  if (problems.length > 0) throw unusable(tree, dockerfile, problems);
  const entries = entriesOf(view, kept, emptied);
  const missing = taken.filter(isMissing).map(({ source }) => source);
  const folders = emptied.map(({ path }) => pathBelow(path, context)).sort(comparePaths);
  return { entries, missing, emptied: folders, ignoreFile: ignore.file };
}

function unusable(tree: Tree, dockerfile: string, problems: readonly SourceProblem[]): BerthError {
  const [code, what] = problems.every(({ absent }) => absent)
    ? (["CONTEXT_ABSENT", `files of ${tree.label} are not on this machine`] as const)
    : (["CONTEXT_INVALID", "not usable"] as const);
  return new BerthError(code, `read the context of ${dockerfile}: ${what}`, {
    hint: "make these files available, or exclude them in .dockerignore",
    problems: shortened(problems)
      .toSorted((a, b) => a.line - b.line)
      .map(({ line, message }) => ({ file: dockerfile, line, column: 1, message })),
  });
}

/** One line can reach thousands of files that are not here, all for one reason: the first tell of it. */
function shortened(problems: readonly SourceProblem[], most = 8): readonly SourceProblem[] {
  const groups = Map.groupBy(problems, ({ line, absent }) => (absent ? line : undefined));
  return [...groups].flatMap(([line, all]) => {
    if (line === undefined || all.length <= most) return all;
    const message = `reaches ${all.length - most} more that are not here`;
    return [...all.slice(0, most), { line, message, absent: true }];
  });
}

async function take(view: View, source: ContextSource): Promise<Taken> {
  const { pattern = "", wildcards = false, follow } = source.kind === "path" ? source : {};
  const path = parsePath(pattern, wildcards);
  const useless = (why: string) => ({ source, path: [], nodes: [], problem: `${pattern}: ${why}` });
  if (path === undefined) return useless("the pattern's [ ] or \\ is not complete");
  const reached = await reach(view, path);
  if ("reason" in reached) return useless(reached.reason);
  const nodes = [...reached.links, ...(await subtrees(view, reached.nodes))];
  return { source, path, nodes: follow ? await withLinked(view, nodes) : nodes };
}

async function subtrees(view: View, nodes: readonly TreeEntry[]): Promise<TreeEntry[]> {
  return (await Promise.all(nodes.map((node) => subtree(view, node)))).flat();
}

/** Adds what the links that were taken lead to, and the links in there; one that leads nowhere stays a link. */
async function withLinked(view: View, nodes: readonly TreeEntry[]): Promise<readonly TreeEntry[]> {
  const all = new Map(nodes.map((node) => [node.path, node]));
  // A Map that grows while it is read gives what was added, too.
  for (const { path, kind } of all.values()) {
    if (kind !== "symlink") continue;
    const inside = pathBelow(path, view.folder);
    const reached = await reach(view, parsePath(inside, false) ?? []);
    if ("reason" in reached) continue;
    for (const node of [...reached.links, ...(await subtrees(view, reached.nodes))])
      if (!all.has(node.path)) all.set(node.path, node);
  }
  return [...all.values()];
}

function problemOf({ source, problem }: Taken): readonly SourceProblem[] {
  return problem === undefined ? [] : [{ line: source.line, message: problem, absent: false }];
}

/** Whether a source names one thing that is not there, or a link that leads nowhere. */
function isMissing({ source, path, nodes }: Taken): boolean {
  return (
    source.kind === "path" &&
    path.every((element) => element.kind === "name") &&
    nodes.every(({ kind }) => kind === "symlink")
  );
}

function entriesOf(
  { folder: top }: View,
  kept: readonly ContextEntry[],
  emptied: readonly ContextEntry[],
): readonly ContextEntry[] {
  const filled = new Set([...kept, ...emptied].map(({ path }) => folderOf(path))).add(top);
  const entries = kept.filter(({ path, kind }) => kind !== "folder" || !filled.has(path));
  for (const entry of emptied) entries.push({ ...entry, kind: "folder" });
  return entries.sort((a, b) => comparePaths(a.path, b.path));
}

/** Whether something is selected but not there: of submodules and of a sparse checkout. */
function isAbsent({ kind, absent }: ContextEntry): boolean {
  return kind === "submodule" || absent !== undefined;
}

function absentProblem({ path, line, absent }: ContextEntry): SourceProblem {
  const way = `git submodule update --init ${path}`;
  const what = absent ?? `submodule ${path}, which is not checked out: ${way}`;
  return { line, message: `reaches ${what}`, absent: true };
}

/** CONTEXT_ABSENT for files of which a context holds no more than where Git LFS has them. */
export function absentContents(
  tree: Tree,
  dockerfile: string,
  pointers: readonly ContextEntry[],
): BerthError {
  const problems = pointers.map(({ path, line }): SourceProblem => {
    const what = `a Git LFS pointer in ${tree.label} and not the file itself`;
    const message = `reaches ${path}, ${what}: git lfs pull`;
    return { line, message, absent: true };
  });
  return unusable(tree, dockerfile, problems);
}
