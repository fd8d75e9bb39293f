/** The shortest way from one list to another: what stays, what goes, what comes. */

export type Aligned<T> =
  | { readonly kind: "both"; readonly old: T; readonly new: T }
  | { readonly kind: "removed"; readonly old: T }
  | { readonly kind: "added"; readonly new: T };

/** Above this many comparisons, what differs is taken as wholly replaced. */
const mostCells = 4_000_000;

/** Aligns two lists along their longest common subsequence; items are the same where their ids are. */
export function align<T>(
  before: readonly T[],
  after: readonly T[],
  idOf: (item: T) => string,
): readonly Aligned<T>[] {
  const old = before.map((item) => ({ item, id: idOf(item) }));
  const now = after.map((item) => ({ item, id: idOf(item) }));
  const shorter = Math.min(old.length, now.length);
  let head = 0;
  while (head < shorter && old[head]?.id === now[head]?.id) head++;
  let tail = 0;
  while (tail < shorter - head && old.at(-1 - tail)?.id === now.at(-1 - tail)?.id) tail++;
  const both = (from: number, to: number): Aligned<T>[] =>
    before.slice(from, to).map((item, index) => ({
      kind: "both",
      old: item,
      new: after[from + index + (from < head ? 0 : after.length - before.length)]!,
    }));
  return [
    ...both(0, head),
    ...alignMiddle(old.slice(head, old.length - tail), now.slice(head, now.length - tail)),
    ...both(old.length - tail, old.length),
  ];
}

interface Item<T> {
  readonly item: T;
  readonly id: string;
}

function alignMiddle<T>(old: readonly Item<T>[], now: readonly Item<T>[]): Aligned<T>[] {
  const width = now.length + 1;
  const tooLarge = old.length * now.length > mostCells;
  const common = tooLarge ? new Uint32Array(0) : commonLengths(old, now, width);
  const lengthAt = (i: number, j: number): number => common[i * width + j] ?? 0;
  const aligned: Aligned<T>[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    const from = old[i];
    const to = now[j];
    if (!tooLarge && from !== undefined && from.id === to?.id) {
      aligned.push({ kind: "both", old: from.item, new: to.item });
      i++;
      j++;
    } else if (
      from !== undefined &&
      (to === undefined || lengthAt(i + 1, j) >= lengthAt(i, j + 1))
    ) {
      aligned.push({ kind: "removed", old: from.item });
      i++;
    } else if (to !== undefined) {
      aligned.push({ kind: "added", new: to.item });
      j++;
    }
  }
  return aligned;
}

/** For every two places, how much the rests behind them have in common. */
function commonLengths<T>(
  old: readonly Item<T>[],
  now: readonly Item<T>[],
  width: number,
): Uint32Array {
  const lengths = new Uint32Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      const at = i * width + j;
      lengths[at] =
        old[i]?.id === now[j]?.id
          ? (lengths[at + width + 1] ?? 0) + 1
          : Math.max(lengths[at + width] ?? 0, lengths[at + 1] ?? 0);
    }
  }
  return lengths;
}
