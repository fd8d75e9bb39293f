/** The order of images: parents before the images built from them. */
import { BerthError, type Problem } from "../errors.ts";

interface Node {
  readonly name: string;
  readonly parents: readonly string[];
}

/** Where a node says what it is built from. */
type PlaceOf<T> = (node: T, parent: string) => Problem | undefined;

/**
 * Sorts images so that every parent stands before its children, otherwise as given.
 *
 * A cycle is an IMAGE_CYCLE error that names it as a path, with the places where it is said.
 */
export function parentsFirst<T extends Node>(
  nodes: readonly T[],
  placeOf: PlaceOf<T> = () => undefined,
): readonly T[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const done = new Set<string>();
  const sorted: T[] = [];
  const visit = (node: T, path: readonly string[]): void => {
    if (done.has(node.name)) return;
    if (path.includes(node.name)) {
      const circle = [...path.slice(path.indexOf(node.name)), node.name];
      const problems = circle
        .slice(0, -1)
        .flatMap((name, step) => placeOf(byName.get(name)!, circle[step + 1]!) ?? []);
      throw cycle(circle, problems);
    }
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

function cycle(path: readonly string[], problems: readonly Problem[]): BerthError {
  return new BerthError("IMAGE_CYCLE", `order images: ${path.join(" -> ")} is a cycle`, {
    hint: "an image cannot be built from itself; change one of these FROM or COPY --from lines",
    problems,
  });
}
