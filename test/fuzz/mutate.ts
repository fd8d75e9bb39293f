/** Inputs that are nearly right: a good one, with a few things in it taken out, doubled, moved or written otherwise. */
import type { Dice } from "../oracle/dice.ts";

/** What readers stumble over, whatever they read. */
const odd = [
  ..."\0\r\n\t\"'`\\$%{}[]()<>*?!&|:;,#@~^=-+/. ",
  ...["\u2028", "\ufeff", "é", "🦭", "\ud800", "..", "//", "**", "null", "true", "-1", "1e999"],
  ...[
    ...["__proto__", "constructor", "toString", "length", "${A:-$A}"],
    ...["$$", "<<EOF", "<<: *a", "&a", "!reference"],
  ],
];

const longest = 20_000;

/** Changes a text in one to six places; `words` are what its language is made of. */
export function mutate(dice: Dice, text: string, words: readonly string[]): string {
  const all = [...words, ...odd];
  return dice
    .some(1, 6, () => dice.below(7))
    .reduce((changed, kind) => change(dice, changed, kind, all), text)
    .slice(0, longest);
}

function change(dice: Dice, text: string, kind: number, words: readonly string[]): string {
  const from = dice.below(text.length + 1);
  const to = Math.min(text.length, from + dice.below(dice.chance(0.2) ? 200 : 12));
  const [before, inside, after] = [text.slice(0, from), text.slice(from, to), text.slice(to)];
  switch (kind) {
    case 0:
      return before + after;
    case 1:
      return before + inside.repeat(2 + dice.below(3)) + after;
    case 2:
      return before + dice.one(words).repeat(1 + dice.below(dice.chance(0.1) ? 300 : 3)) + after;
    case 3:
      return before + dice.some(1, 4, () => dice.one(words)).join("") + inside + after;
    case 4: {
      const at = dice.below(text.length + 1);
      return text.slice(0, at) + inside + text.slice(at);
    }
    case 5:
      return after + before;
    default:
      return before + String.fromCharCode(dice.below(0x300)) + after;
  }
}

/** Changes members of a JSON value instead, so that what reads it comes to every one of them. */
export function mutateJson(dice: Dice, text: string, words: readonly string[]): string {
  const values = [null, true, 0, -1, 1.5, 1e308, "", "x", [], {}, [[]], { a: 1 }];
  const changed = JSON.parse(text, (name, value: unknown) => {
    if (!dice.chance(name === "" ? 0.02 : 0.04)) return value;
    if (typeof value === "string" && dice.chance(0.6)) return mutate(dice, value, words);
    return dice.one<unknown>(values);
  });
  return JSON.stringify(changed) ?? "null";
}
