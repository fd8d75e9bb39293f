/** Where the images of a graph stand: layers by depth, one group of connected images below the other. */

interface Node {
  /** Positions in the list of nodes; only lower layers, since images are not built from themselves. */
  readonly parents: readonly number[];
}

export interface Place {
  readonly node: number;
  /** The longest way from an image without parents. */
  readonly layer: number;
  /** In rows from the top; halves occur where few stand beside many. */
  readonly row: number;
}

export interface Layout {
  readonly places: readonly Place[];
  readonly layers: number;
  readonly rows: number;
  /** Nodes without parents and children, in their own order. */
  readonly alone: readonly number[];
}

/** Lays out a graph without cycles so that children stand beside their parents and lines cross little. */
export function layOut(nodes: readonly Node[]): Layout {
  const children = nodes.map((_, index) =>
    nodes.flatMap(({ parents }, child) => (parents.includes(index) ? [child] : [])),
  );
  const around = (index: number): readonly number[] => [
    ...(nodes[index]?.parents ?? []),
    ...(children[index] ?? []),
  ];
  const groups = groupsOf(nodes.length, around);
  const joined = groups.filter((group) => group.length > 1).sort((a, b) => b.length - a.length);
  const depth = depthsOf(nodes);
  const places: Place[] = [];
  let rows = 0;
  for (const group of joined) {
    const columns = columnsOf(group, depth, around);
    const height = Math.max(...columns.map((column) => column.length));
    for (const [layer, column] of columns.entries()) {
      const above = rows + (height - column.length) / 2;
      places.push(...column.map((node, index) => ({ node, layer, row: above + index })));
    }
    rows += height;
  }
  const layers = Math.max(0, ...places.map(({ layer }) => layer + 1));
  const alone = groups.flatMap((group) => (group.length === 1 ? group : []));
  return { places, layers, rows, alone };
}

function groupsOf(count: number, around: (index: number) => readonly number[]): number[][] {
  const seen = new Set<number>();
  const groups: number[][] = [];
  for (let start = 0; start < count; start++) {
    if (seen.has(start)) continue;
    const group = [start];
    seen.add(start);
    // The list grows while it is walked through.
    for (const index of group) {
      for (const next of around(index)) {
        if (seen.has(next)) continue;
        seen.add(next);
        group.push(next);
      }
    }
    groups.push(group);
  }
  return groups;
}

function depthsOf(nodes: readonly Node[]): readonly number[] {
  const known = new Map<number, number>();
  const depth = (index: number): number => {
    const found = known.get(index);
    if (found !== undefined) return found;
    // A plan with a cycle is damaged; shown flat it still tells something.
    known.set(index, 0);
    const deepest = Math.max(
      0,
      ...(nodes[index]?.parents ?? []).map((parent) => depth(parent) + 1),
    );
    known.set(index, deepest);
    return deepest;
  };
  return nodes.map((_, index) => depth(index));
}

const sweeps = 4;

/** A group's columns; each is sorted a few times by where the neighbours of its nodes stand on average. */
function columnsOf(
  group: readonly number[],
  depth: readonly number[],
  around: (index: number) => readonly number[],
): readonly (readonly number[])[] {
  const count = Math.max(...group.map((node) => depth[node] ?? 0)) + 1;
  const columns = Array.from({ length: count }, (_, layer) =>
    group.filter((node) => depth[node] === layer).sort((a, b) => a - b),
  );
  const position = new Map<number, number>();
  const note = (column: readonly number[]): void => {
    for (const [index, node] of column.entries()) position.set(node, (index + 0.5) / column.length);
  };
  columns.forEach(note);
  const mean = (node: number): number => {
    const near = around(node).map((each) => position.get(each) ?? 0);
    return near.reduce((sum, value) => sum + value, 0) / Math.max(1, near.length);
  };
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const column of sweep % 2 === 0 ? columns : columns.toReversed()) {
      column.sort((a, b) => mean(a) - mean(b) || a - b);
      note(column);
    }
  }
  return columns;
}
