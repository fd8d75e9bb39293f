/** Which entries of a context the sources of a Dockerfile reach. */
import type { Ignore } from "./ignore.ts";
import { comparePaths } from "./paths.ts";
import { parsePath, reach } from "./reach.ts";
import type { ContextEntry, ContextSource } from "./source.ts";
import type { Tree } from "./tree.ts";
import { type Folder, type Leaf, subtree, type ViewNode, viewOf } from "./view.ts";

export interface Selection {
  /** Sorted by the bytes of their paths. */
  readonly entries: readonly ContextEntry[];
  /** Sources without wildcards that name nothing; the build will fail on them. */
  readonly missing: readonly ContextSource[];
  /** What cannot be built from; `line` is the Dockerfile's. */
  readonly problems: readonly SourceProblem[];
  /**
   * Submodules that are not checked out and that only a copy of the whole context reaches: empty folders,
   * as every builder sees them in a clone. In a revision there are none of these, but problems.
   */
  readonly emptied: readonly string[];
}

export interface SourceProblem {
  readonly line: number;
  readonly message: string;
  /** Only this machine lacks something; another may have it. */
  readonly absent: boolean;
}

/** Above this many names in the context's folder, the whole folder is listed. */
const maxTops = 200;

/** What one source selects. */
interface Taken {
  readonly source: ContextSource;
  readonly nodes: readonly ViewNode[];
  /** What had to be known of the context's folder for it; `undefined` is all. */
  readonly tops: readonly string[] | undefined;
  readonly problem?: string;
}

/**
 * Selects what the sources reach.
 *
 * A source takes what it names with all that is below; a link on its way is taken together with where
 * it leads. Links that lie in a folder that was taken are entries and no more, as COPY treats them.
 */
export async function selectEntries(
  tree: Tree,
  contextFolder: string,
  sources: readonly ContextSource[],
  ignore: Ignore,
): Promise<Selection> {
  const taken = await takeAll(tree, contextFolder, sources, ignore, []);
  const lines = new Map<ViewNode, number>();
  for (const { source, nodes } of taken) {
    for (const node of nodes) if (!lines.has(node)) lines.set(node, source.line);
  }
  const isMissing = ({ source, nodes, problem }: Taken): boolean =>
    problem === undefined && isLiteral(source) && !nodes.some((node) => node.kind !== "symlink");
  const named = new Set(taken.flatMap(({ source, nodes }) => (isWhole(source) ? [] : nodes)));
  const isEmptied = (node: ViewNode): boolean =>
    node.kind === "submodule" && !named.has(node) && node.entry.absent === undefined;
  const leaves = [...lines.keys()].filter(
    (node): node is Leaf => node.kind !== "folder" && !isEmptied(node),
  );
  const problems = [
    ...taken.flatMap(({ source, problem }) =>
      problem === undefined ? [] : [{ line: source.line, message: problem, absent: false }],
    ),
    ...(await contentProblems(tree, leaves, (leaf) => lines.get(leaf) ?? 1)),
  ];
  return {
    entries: entriesOf(lines, isEmptied),
    missing: taken.filter(isMissing).map(({ source }) => source),
    problems: problems.sort((a, b) => a.line - b.line),
    emptied: [...lines.keys()].filter(isEmptied).map(({ path }) => path),
  };
}

/** Whether a source takes the whole context rather than something of it. */
function isWhole(source: ContextSource): boolean {
  return source.kind === "everything" || parsePath(source.pattern, source.wildcards)?.length === 0;
}

/**
 * Lists no more of a context than its sources lead to: a COPY of one folder does not wait for a list of
 * the whole repository. A link may lead to where nothing is known yet; then more is listed.
 */
async function takeAll(
  tree: Tree,
  contextFolder: string,
  sources: readonly ContextSource[],
  ignore: Ignore,
  tops: readonly string[] | undefined,
): Promise<readonly Taken[]> {
  const listed = tops?.length === 0 ? [] : await tree.list(contextFolder, tops);
  const root = viewOf(listed, contextFolder, ignore.ignores);
  const readLink = async (link: Leaf): Promise<string> =>
    (await tree.read(link.entry.path))?.toString() ?? "";
  const taken = await Promise.all(sources.map((source) => take(root, source, readLink)));
  if (tops === undefined) return taken;
  const wanted = taken.some((one) => one.tops === undefined)
    ? undefined
    : [...new Set([...tops, ...taken.flatMap((one) => one.tops ?? [])])];
  if (wanted?.length === tops.length) return taken;
  const next = wanted !== undefined && wanted.length > maxTops ? undefined : wanted;
  return takeAll(tree, contextFolder, sources, ignore, next);
}

type ReadLink = (link: Leaf) => Promise<string>;

async function take(root: Folder, source: ContextSource, readLink: ReadLink): Promise<Taken> {
  if (source.kind === "everything") return { source, nodes: [...subtree(root)], tops: undefined };
  const path = parsePath(source.pattern, source.wildcards);
  if (path === undefined) {
    const problem = `${source.pattern}: the pattern's [ ] or \\ is not complete`;
    return { source, nodes: [], tops: [], problem };
  }
  const reached = await reach(root, path, readLink);
  if ("reason" in reached) {
    return { source, nodes: [], tops: [], problem: `${source.pattern}: ${reached.reason}` };
  }
  const below = reached.nodes.flatMap((node) => [...subtree(node)]);
  const taken = { source, nodes: [...reached.links, ...below], tops: reached.tops };
  return source.follow ? followLinks(root, taken, readLink) : taken;
}

/** Adds what the links that were taken lead to, and the links in there; one that leads nowhere stays a link. */
async function followLinks(root: Folder, taken: Taken, readLink: ReadLink): Promise<Taken> {
  const nodes = new Set(taken.nodes);
  let { tops } = taken;
  for (const node of nodes) {
    if (node.kind !== "symlink") continue;
    const path = node.path.split("/").map((name) => ({ kind: "name", name }) as const);
    const reached = await reach(root, path, readLink);
    if ("reason" in reached) continue;
    tops = tops && reached.tops && [...new Set([...tops, ...reached.tops])];
    for (const one of [...reached.links, ...reached.nodes.flatMap((to) => [...subtree(to)])]) {
      nodes.add(one);
    }
  }
  return { ...taken, nodes: [...nodes], tops };
}

/** Whether the source names one thing, so that naming nothing is a mistake. */
function isLiteral(source: ContextSource): boolean {
  if (source.kind === "everything") return false;
  const path = parsePath(source.pattern, source.wildcards);
  return path?.every((element) => element.kind === "name") ?? false;
}

function entriesOf(
  nodes: ReadonlyMap<ViewNode, number>,
  isEmptied: (node: ViewNode) => boolean,
): readonly ContextEntry[] {
  const entries: ContextEntry[] = [];
  for (const node of nodes.keys()) {
    if (node.kind === "submodule") {
      if (isEmptied(node)) entries.push({ path: node.path, kind: "folder", executable: false });
    } else if (node.kind !== "folder") {
      entries.push({ path: node.path, kind: node.kind, executable: node.entry.executable });
    } else if (node.path !== "" && node.children.size === 0) {
      entries.push({ path: node.path, kind: "folder", executable: false });
    }
  }
  return entries.sort((a, b) => comparePaths(a.path, b.path));
}

const maxPointerBytes = 1024;
const pointerStart = "version https://git-lfs.github.com/spec/v1\n";
/** Files looked at together; a revision answers them in one stream. */
const batchSize = 256;

/** Finds what is selected but not there: of submodules, of a sparse checkout, and of Git LFS. */
async function contentProblems(
  tree: Tree,
  leaves: readonly Leaf[],
  lineOf: (leaf: Leaf) => number,
): Promise<readonly SourceProblem[]> {
  const suspects = leaves.filter(
    ({ kind, entry }) =>
      kind === "submodule" ||
      entry.absent !== undefined ||
      (kind === "file" && (entry.size ?? 0) <= maxPointerBytes),
  );
  const problems: SourceProblem[] = [];
  for (let at = 0; at < suspects.length; at += batchSize) {
    const batch = suspects.slice(at, at + batchSize);
    const messages = await Promise.all(batch.map((leaf) => contentProblem(tree, leaf)));
    for (const [index, message] of messages.entries()) {
      const leaf = batch[index];
      if (leaf && message !== undefined)
        problems.push({ line: lineOf(leaf), message, absent: true });
    }
  }
  return problems;
}

async function contentProblem(tree: Tree, { kind, entry }: Leaf): Promise<string | undefined> {
  if (entry.absent !== undefined) return `reaches ${entry.absent}`;
  if (kind === "submodule") {
    return `reaches submodule ${entry.path}, which is not checked out: git submodule update --init ${entry.path}`;
  }
  const bytes = await tree.read(entry.path);
  const isPointer =
    bytes !== undefined &&
    bytes.length <= maxPointerBytes &&
    bytes.toString("latin1", 0, pointerStart.length) === pointerStart;
  return isPointer
    ? `reaches ${entry.path}, a Git LFS pointer in ${tree.label} and not the file itself: git lfs pull`
    : undefined;
}
