/** What a source of a Dockerfile leads to in its context: links followed as in a chroot, nothing of what is ignored. */
import type { Ignore } from "./ignore.ts";
import { folderOf, joinPath } from "./paths.ts";
import { type ElementMatch, fits } from "./source.ts";
import type { Tree, TreeEntry } from "./tree.ts";

/** A context as a build sees it. */
export interface View {
  readonly tree: Tree;
  /** The context's folder; `""` is the repository's top. */
  readonly folder: string;
  readonly ignore: Ignore;
}

/** One thing in a context. */
export interface ContextNode {
  /** Below the context's folder; `""` is that folder. */
  readonly path: string;
  readonly entry: TreeEntry;
}

/** What a source names, and the links on the way there. */
export interface Reached {
  readonly nodes: readonly ContextNode[];
  readonly links: readonly ContextNode[];
}

/** Why a source leads nowhere that can be said. */
export interface Unreachable {
  readonly reason: string;
}

/**
 * What is wanted of a folder's members.
 *
 * A folder of which all files are ignored is there, empty, unless it is ignored too: so does a build from a
 * checkout see it.
 */
async function members(
  view: View,
  folder: string,
  isWanted: (name: string) => boolean,
): Promise<readonly ContextNode[]> {
  const found: ContextNode[] = [];
  for (const [name, entry] of await view.tree.folder(joinPath(view.folder, folder))) {
    const path = joinPath(folder, name);
    if (isWanted(name) && (!view.ignore.ignores(path) || (await holdsAny(view, path, entry))))
      found.push({ path, entry });
  }
  return found;
}

/** Whether something in an ignored folder is not. */
async function holdsAny(view: View, path: string, { kind }: TreeEntry): Promise<boolean> {
  if (kind !== "folder" || !view.ignore.excepts) return false;
  return (await members(view, path, () => true)).length > 0;
}

/** A folder of the context; `""` is its own. */
function folderNode({ folder }: View, path: string): ContextNode {
  return { path, entry: { path: joinPath(folder, path), kind: "folder", executable: false } };
}

/** A node and all that is below it, folders included. */
export async function subtree(view: View, node: ContextNode): Promise<readonly ContextNode[]> {
  if (node.entry.kind !== "folder") return [node];
  const inside = await members(view, node.path, () => true);
  const folders = inside.filter(({ entry }) => entry.kind === "folder");
  const others = inside.filter(({ entry }) => entry.kind !== "folder");
  // All at once, so that the objects of a revision arrive in one stream.
  const below = await Promise.all(folders.map((folder) => subtree(view, folder)));
  return [node, ...others, ...below.flat()];
}

/** As Linux, which gives up on a path after this many links. */
const maxLinks = 40;

/** A walk along one path. */
interface Walk {
  readonly view: View;
  /** Links on the way, by path. */
  readonly links: Map<string, ContextNode>;
  /** Where it went round. */
  loop: string | undefined;
}

/** Follows a path from the root of a context. */
export async function reach(
  view: View,
  path: readonly ElementMatch[],
): Promise<Reached | Unreachable> {
  const walk: Walk = { view, links: new Map(), loop: undefined };
  const nodes = await follow(walk, folderNode(view, ""), path, 0);
  if (walk.loop !== undefined) return { reason: `${walk.loop} is a loop of links` };
  return { nodes, links: [...walk.links.values()] };
}

async function follow(
  walk: Walk,
  at: ContextNode,
  [element, ...rest]: readonly ElementMatch[],
  hops: number,
): Promise<readonly ContextNode[]> {
  if (element === undefined) return [at];
  const { view } = walk;
  if (element.kind === "name" && element.name === "..")
    return follow(walk, folderNode(view, folderOf(at.path)), rest, hops);
  const found = await members(view, at.path, (name) => fits(element, name));
  return (await Promise.all(found.map((one) => enter(walk, one, rest, hops)))).flat();
}

async function enter(
  walk: Walk,
  node: ContextNode,
  rest: readonly ElementMatch[],
  hops: number,
): Promise<readonly ContextNode[]> {
  const { view, links } = walk;
  const { kind } = node.entry;
  if (kind === "folder") return follow(walk, node, rest, hops);
  // A submodule that is not checked out is reported, also where the path goes on inside it.
  if (kind === "submodule") return [node];
  if (kind === "file") return rest.length === 0 ? [node] : [];
  links.set(node.path, node);
  if (hops === maxLinks) walk.loop ??= node.path;
  if (walk.loop !== undefined) return [];
  const target = (await view.tree.read(node.entry.path))?.toString() ?? "";
  const start = folderNode(view, target.startsWith("/") ? "" : folderOf(node.path));
  return follow(walk, start, [...linkElements(target), ...rest], hops + 1);
}

/** `..` is kept: after a link it means the parent of where the link led. */
function linkElements(target: string): readonly ElementMatch[] {
  return target
    .split("/")
    .filter((name) => name !== "" && name !== ".")
    .map((name) => ({ kind: "name", name }));
}
