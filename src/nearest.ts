/** "Did you mean": the known word that a mistyped one is closest to. */
/** Gives the closest of the known words, or `undefined` where none is close enough to be meant. */
export function nearest(text: string, known: readonly string[]): string | undefined {
  // Of a short word too much would have to be another.
  const limit = Math.min(Math.max(2, Math.floor(text.length / 3)), text.length - 2);
  const lower = text.toLowerCase();
  const ranked = known
    .map((word) => ({ word, steps: distance(lower, word.toLowerCase()) }))
    .sort((a, b) => a.steps - b.steps);
  const best = ranked[0];
  return best !== undefined && best.steps <= limit ? best.word : undefined;
}

/** The end of a message that offers the closest known word. */
export function didYouMean(text: string, known: readonly string[]): string {
  const word = nearest(text, known);
  return word === undefined ? "" : `; did you mean ${JSON.stringify(word)}?`;
}

/** The edits (insert, delete, replace) that lead from one text to the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
