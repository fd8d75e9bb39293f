/** Combinations of values to test with: every one where there are few, all pairs where there are many. */

/** The values of each name; no list is empty. */
export type Axes = Readonly<Record<string, readonly unknown[]>>;
export type Combination = Readonly<Record<string, unknown>>;

export function product(axes: Axes): readonly Combination[] {
  return Object.entries(axes).reduce<readonly Combination[]>(
    (made, [name, values]) =>
      made.flatMap((combination) => values.map((value) => ({ ...combination, [name]: value }))),
    [{}],
  );
}

/** Few combinations in which any two values of two names meet at least once. */
export function pairwise(axes: Axes): readonly Combination[] {
  const names = Object.keys(axes);
  const missing = pairsOf(axes);
  const rows: number[][] = [];
  for (let next = missing.values().next(); !next.done; next = missing.values().next()) {
    const row = new Map<number, number>(unfold(next.value));
    for (const [axis, name] of names.entries())
      if (!row.has(axis)) row.set(axis, best(axis, axes[name]?.length ?? 0, row, missing));
    for (const pair of pairsIn(row)) missing.delete(pair);
    rows.push(names.map((_, axis) => row.get(axis) ?? 0));
  }
  if (rows.length === 0) return product(axes);
  return rows.map((row) =>
    Object.fromEntries(names.map((name, axis) => [name, axes[name]?.[row[axis] ?? 0]])),
  );
}

/** The value of an axis that settles most of the pairs which are still missing. */
function best(
  axis: number,
  count: number,
  row: ReadonlyMap<number, number>,
  missing: ReadonlySet<string>,
): number {
  const gains = Array.from(
    { length: count },
    (_, value) =>
      pairsIn(new Map([...row, [axis, value]])).filter((pair) => missing.has(pair)).length,
  );
  return gains.indexOf(Math.max(...gains));
}

function pairsOf(axes: Axes): Set<string> {
  const counts = Object.values(axes).map((values) => values.length);
  const cells = counts.flatMap((count, axis) =>
    Array.from({ length: count }, (_, value) => [axis, value] as const),
  );
  return new Set(
    cells.flatMap((one) =>
      cells.filter(([axis]) => one[0] < axis).map((other) => fold(one, other)),
    ),
  );
}

function pairsIn(row: ReadonlyMap<number, number>): string[] {
  const cells = [...row].sort(([one], [other]) => one - other);
  return cells.flatMap((one, index) => cells.slice(index + 1).map((other) => fold(one, other)));
}

type Cell = readonly [axis: number, value: number];

function fold(one: Cell, other: Cell): string {
  return `${one.join(":")} ${other.join(":")}`;
}

function unfold(pair: string): Cell[] {
  return pair.split(" ").map((cell) => {
    const [axis = 0, value = 0] = cell.split(":").map(Number);
    return [axis, value];
  });
}
