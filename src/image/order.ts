/** The order of images: parents before the images built from them. */
import { BerthError } from "../errors.ts";

interface Node {
  readonly name: string;
  readonly parents: readonly string[];
}

/**
 * Sorts images so that every parent stands before its children, otherwise as given.
 *
 * A cycle is an IMAGE_CYCLE error that names it as a path.
 */
export function parentsFirst<T extends Node>(nodes: readonly T[]): readonly T[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const done = new Set<string>();
  const sorted: T[] = [];
  const visit = (node: T, path: readonly string[]): void => {
    if (done.has(node.name)) return;
    if (path.includes(node.name)) throw cycle([...path.slice(path.indexOf(node.name)), node.name]);
    for (const parent of node.parents) {
      const found = byName.get(parent);
      if (found !== undefined) visit(found, [...path, node.name]);
    }
    done.add(node.name);
    sorted.push(node);
  };
  for (const node of nodes) visit(node, []);
  return sorted;
}

function cycle(path: readonly string[]): BerthError {
  return new BerthError("IMAGE_CYCLE", `order images: ${path.join(" -> ")} is a cycle`, {
    hint: "an image cannot be built from itself; change one of these FROM or COPY --from lines",
  });
}
