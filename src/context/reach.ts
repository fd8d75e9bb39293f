/** What a source of a Dockerfile leads to in its context: links followed as in a chroot, nothing of what is ignored. */
import type { Ignore } from "./ignore.ts";
import { folderOf, pathBelow } from "./paths.ts";
import { type ElementMatch, fits } from "./source.ts";
import type { Tree, TreeEntry } from "./tree.ts";

/** A context as a build sees it; its entries are the tree's. */
export interface View {
  readonly tree: Tree;
  /** The context's folder; `""` is the repository's top. */
  readonly folder: string;
  readonly ignore: Ignore;
}

/** What a source names, and the links on the way there. */
export interface Reached {
  readonly nodes: readonly TreeEntry[];
  readonly links: readonly TreeEntry[];
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
  isWanted = (_name: string) => true,
): Promise<readonly TreeEntry[]> {
  const found: TreeEntry[] = [];
  for (const [name, entry] of await view.tree.folder(folder)) {
    if (!isWanted(name)) continue;
    const isIgnored = view.ignore.ignores(pathBelow(entry.path, view.folder));
    if (!isIgnored || (await holdsAny(view, entry))) found.push(entry);
  }
  return found;
}

/** Whether something in an ignored folder is not. */
async function holdsAny(view: View, { kind, path }: TreeEntry): Promise<boolean> {
  if (kind !== "folder" || !view.ignore.excepts) return false;
  return (await members(view, path)).length > 0;
}

/** A node and all that is below it, folders included. */
export async function subtree(view: View, node: TreeEntry): Promise<readonly TreeEntry[]> {
  const found = [node];
  const visit = async ({ path }: TreeEntry): Promise<void> => {
    const inside = await members(view, path);
    for (const entry of inside) found.push(entry);
    // All at once, so that the objects of a revision arrive in one stream.
    await Promise.all(inside.filter(({ kind }) => kind === "folder").map(visit));
  };
  if (node.kind === "folder") await visit(node);
  return found;
}

/** As Linux, which gives up on a path after this many links. */
const maxLinks = 40;

/** A walk along one path. */
interface Walk {
  readonly view: View;
  /** Links on the way, by path. */
  readonly links: Map<string, TreeEntry>;
  /** Where it went round. */
  loop: string | undefined;
}

/** Follows a path from the root of a context, or tells why that leads nowhere that can be said. */
export async function reach(
  view: View,
  path: readonly ElementMatch[],
): Promise<Reached | { readonly reason: string }> {
  const walk: Walk = { view, links: new Map(), loop: undefined };
  const nodes = await follow(walk, folderAt(view.folder), path, 0);
  if (walk.loop !== undefined) return { reason: `${walk.loop} is a loop of links` };
  return { nodes, links: [...walk.links.values()] };
}

async function follow(
  walk: Walk,
  at: TreeEntry,
  [element, ...rest]: readonly ElementMatch[],
  hops: number,
): Promise<readonly TreeEntry[]> {
  if (element === undefined) return [at];
  const { view } = walk;
  if (element.kind === "name" && element.name === "..")
    return follow(walk, above(view, at), rest, hops);
  const found = await members(view, at.path, (name) => fits(element, name));
  return (await Promise.all(found.map((one) => enter(walk, one, rest, hops)))).flat();
}

async function enter(
  walk: Walk,
  node: TreeEntry,
  rest: readonly ElementMatch[],
  hops: number,
): Promise<readonly TreeEntry[]> {
  const { view, links } = walk;
  const { kind } = node;
  if (kind === "folder") return follow(walk, node, rest, hops);
  // A submodule that is not checked out is reported, also where the path goes on inside it.
  if (kind === "submodule") return [node];
  if (kind === "file") return rest.length === 0 ? [node] : [];
  links.set(node.path, node);
  if (hops === maxLinks) walk.loop ??= node.path;
  if (walk.loop !== undefined) return [];
  const target = (await view.tree.read(node.path))?.toString() ?? "";
  const start = target.startsWith("/") ? folderAt(view.folder) : above(view, node);
  return follow(walk, start, [...linkElements(target), ...rest], hops + 1);
}

/** `..` is kept: after a link it means the parent of where the link led. */
function linkElements(target: string): readonly ElementMatch[] {
  return target
    .split("/")
    .filter((name) => name !== "" && name !== ".")
    .map((name) => ({ kind: "name", name }));
}

function folderAt(path: string): TreeEntry {
  return { path, kind: "folder", executable: false };
}

/** The folder that something is in; the context's own folder is its own parent. */
function above({ folder }: View, { path }: TreeEntry): TreeEntry {
  return folderAt(path === folder ? folder : folderOf(path));
}
