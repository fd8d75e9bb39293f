import assert from "node:assert/strict";
import { test } from "node:test";
import { ends, many, matcher, one, type Piece, text } from "../../src/context/automaton.ts";
import { parsePattern } from "../../src/context/pattern.ts";
import { parseElement } from "../../src/context/source.ts";
import { replace, substitute } from "../../src/dockerfile/substitution.ts";

/** A pattern of a stranger's: stars between letters, and an end that never comes. */
function starred(stars: number, count: { asked: number }): readonly Piece[] {
  const fits = (char: string): boolean => {
    count.asked++;
    return char !== "/";
  };
  return [...Array.from({ length: stars }, () => [many(fits), ...text("a")]).flat(), ...text("b")];
}

test("a text asks of each piece of a pattern once a character, however many stars there are", () => {
  for (const [stars, length] of [
    [5, 100],
    [25, 400],
    [200, 2000],
  ] as const) {
    const count = { asked: 0 };
    assert.equal(matcher(starred(stars, count))("a".repeat(length)), false);
    assert.ok(count.asked <= stars * length, `${count.asked} for ${stars} stars`);
  }
});

test("texts that lead to the same places are told from one another by nothing but these", () => {
  const count = { asked: 0 };
  const matches = matcher(starred(5, count));
  matches("a".repeat(100));
  const { asked } = count;
  matches("a".repeat(100_000));
  assert.equal(count.asked, asked);
});

test("a pattern whose places are without end keeps no more than some of them", () => {
  // Which of the last 40 characters were an a: 2^40 sets of places.
  const pieces = [
    many(() => true),
    ...text("a"),
    ...Array.from({ length: 40 }, () => one(() => true)),
  ];
  const matches = matcher(pieces);
  let seed = 1;
  const letters = Array.from({ length: 20_000 }, () => {
    seed = (seed * 48271) % 2147483647;
    return seed % 2 === 0 ? "a" : "b";
  });
  assert.equal(matches(letters.join("")), letters.at(-41) === "a");
});

test("the ends of all matches from a place are found, the nearest first", () => {
  const endsOf = ends([...text("a"), many((char) => char !== "\n"), ...text("b")]);
  assert.deepEqual([...endsOf([..."xabab\nb"], 1)], [3, 5]);
});

const hostile = `${"*a".repeat(30)}b`;
const long = "a".repeat(60_000);
// Tried in all ways, each of these would take longer than anybody waits.
const questions: Readonly<Record<string, () => unknown>> = {
  "an ignore file": () => matchesOf(`**/${hostile}`)(long),
  "an ignore file with folders": () => matchesOf(`${"**/a/".repeat(20)}b`)("a/".repeat(20_000)),
  "a source": () => {
    const element = parseElement(hostile);
    return element?.kind === "glob" && element.matches(long);
  },
  "a prefix": () => substitute("V", { operator: "#", colon: false, word: hostile }, long),
  "a suffix": () => substitute("V", { operator: "%", colon: false, word: hostile }, long),
  "a part": () => replace(long, hostile, "x", false),
  "all parts": () => replace(long, "?*b", "x", true),
};

function matchesOf(glob: string): (path: string) => boolean {
  const pattern = parsePattern(glob);
  assert.ok(pattern !== undefined && "matches" in pattern);
  return pattern.matches;
}

for (const [name, ask] of Object.entries(questions))
  test(`${name} is matched in one pass`, () => {
    const answer = ask();
    assert.deepEqual(answer, typeof answer === "boolean" ? false : { text: long, apart: false });
  });
