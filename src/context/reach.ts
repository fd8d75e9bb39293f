/** Where a source's path leads in a context, links followed as in a chroot. */
import { classExpression, type GlobToken, literal, parseGlob } from "./glob.ts";
import { elementsBelowRoot } from "./paths.ts";
import type { Folder, Leaf, ViewNode } from "./view.ts";

/** One element of a source's path. */
export type ElementMatch =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "glob"; readonly matches: (name: string) => boolean };

/** What a source names, and the links on the way there. */
export interface Reached {
  readonly nodes: readonly ViewNode[];
  readonly links: readonly Leaf[];
  /** Names that were looked up in the root; `undefined` where all of them count. */
  readonly tops: readonly string[] | undefined;
}

/** Why a source leads nowhere that can be said. */
export interface Unreachable {
  readonly reason: string;
}

/** As Linux, which gives up on a path after this many links. */
const maxLinks = 40;

/** Reads a source's path; `undefined` where its wildcards are malformed. */
export function parsePath(
  pattern: string,
  wildcards: boolean,
): readonly ElementMatch[] | undefined {
  const parsed = elementsBelowRoot(pattern).map((element) =>
    wildcards ? parseElement(element) : ({ kind: "name", name: element } as const),
  );
  return parsed.every((element) => element !== undefined) ? parsed : undefined;
}

/** Follows a path from the root of a context; `readLink` gives the text of a link. */
export async function reach(
  root: Folder,
  path: readonly ElementMatch[],
  readLink: (link: Leaf) => Promise<string>,
): Promise<Reached | Unreachable> {
  const links = new Set<Leaf>();
  const tops = new Set<string>();
  let allTops = false;
  let loop: string | undefined;
  const walk = async (
    at: Folder,
    [element, ...rest]: readonly ElementMatch[],
    hops: number,
  ): Promise<readonly ViewNode[]> => {
    if (element?.kind === "name" && element.name === "..") return walk(at.parent, rest, hops);
    if (at === root && element?.kind === "name") tops.add(element.name);
    else if (at === root) allTops = true;
    if (element === undefined) return [at];
    const steps = childrenOf(at, element).map((child) => step(child, rest, hops));
    return (await Promise.all(steps)).flat();
  };
  const step = async (
    child: ViewNode,
    rest: readonly ElementMatch[],
    hops: number,
  ): Promise<readonly ViewNode[]> => {
    if (child.kind === "folder") return walk(child, rest, hops);
    // A submodule that is not checked out is reported, also where the path goes on inside it.
    if (child.kind === "submodule") return [child];
    if (child.kind === "file") return rest.length === 0 ? [child] : [];
    links.add(child);
    if (hops === maxLinks) loop ??= child.path;
    if (loop !== undefined) return [];
    const target = await readLink(child);
    const start = target.startsWith("/") ? root : child.parent;
    return walk(start, [...linkElements(target), ...rest], hops + 1);
  };
  const nodes = await walk(root, path, 0);
  if (loop !== undefined) return { reason: `${loop} is a loop of links` };
  return { nodes, links: [...links], tops: allTops ? undefined : [...tops] };
}

function childrenOf(folder: Folder, element: ElementMatch): readonly ViewNode[] {
  if (element.kind === "glob") {
    return [...folder.children].filter(([name]) => element.matches(name)).map(([, node]) => node);
  }
  const child = folder.children.get(element.name);
  return child === undefined ? [] : [child];
}

/** `..` is kept: after a link it means the parent of where the link led. */
function linkElements(target: string): readonly ElementMatch[] {
  return target
    .split("/")
    .filter((name) => name !== "" && name !== ".")
    .map((name) => ({ kind: "name", name }));
}

/** Reads an element of a pattern, a wildcard of Go's `filepath.Match`; `undefined` where its syntax is wrong. */
export function parseElement(element: string): ElementMatch | undefined {
  const tokens = parseGlob(element);
  if (tokens === undefined) return undefined;
  const chars = tokens.map((token) => (token.kind === "char" ? token.char : undefined));
  if (chars.every((char) => char !== undefined)) return { kind: "name", name: chars.join("") };
  const expression = new RegExp(`^${tokens.map(expressionOf).join("")}$`, "u");
  return { kind: "glob", matches: (name) => expression.test(name) };
}

function expressionOf(token: GlobToken): string {
  if (token.kind === "char") return literal(token.char);
  if (token.kind === "star") return "[^/]*";
  return token.kind === "any" ? "[^/]" : classExpression(token);
}
