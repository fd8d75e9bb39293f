import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { align } from "../../src/explain/align.ts";

const letters = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 12 });

function aligned(old: string, now: string): string {
  const marks = { both: " ", removed: "-", added: "+" };
  return align([...old], [...now], (letter) => letter)
    .map((one) => `${marks[one.kind]}${one.kind === "removed" ? one.old : one.new}`)
    .join("");
}

describe("aligning two lists", () => {
  const cases: readonly [old: string, now: string, expected: string][] = [
    ["", "", ""],
    ["", "ab", "+a+b"],
    ["ab", "", "-a-b"],
    ["abc", "abc", " a b c"],
    ["abc", "axc", " a-b+x c"],
    ["abcd", "acd", " a-b c d"],
    ["acd", "abcd", " a+b c d"],
    ["aab", "ab", " a-a b"],
    ["ab", "ba", "-a b+a"],
  ];
  for (const [old, now, expected] of cases)
    test(`${old} to ${now}`, () => assert.equal(aligned(old, now), expected));

  test("keeps both lists whole and in order, and no less in common than can be", () => {
    fc.assert(
      fc.property(letters, letters, (old, now) => {
        const all = align(old, now, (letter) => letter);
        const before = all.flatMap((one) => (one.kind === "added" ? [] : [one.old]));
        const after = all.flatMap((one) => (one.kind === "removed" ? [] : [one.new]));
        assert.deepEqual([before, after], [old, now]);
        assert.equal(all.filter(({ kind }) => kind === "both").length, mostInCommon(old, now));
      }),
    );
  });

  test("takes very long lists without waiting for the shortest way", () => {
    const old = Array.from({ length: 3000 }, (_, index) => `old ${index}`);
    const now = Array.from({ length: 3000 }, (_, index) => `new ${index}`);
    const all = align(["a", ...old, "z"], ["a", ...now, "z"], (line) => line);
    assert.deepEqual(
      all.map(({ kind }) => kind),
      ["both", ...old.map(() => "removed"), ...now.map(() => "added"), "both"],
    );
  });
});

/** The same by trying everything. */
function mostInCommon(old: readonly string[], now: readonly string[]): number {
  const [first, ...rest] = old;
  if (first === undefined) return 0;
  const at = now.indexOf(first);
  const without = mostInCommon(rest, now);
  return at < 0 ? without : Math.max(without, 1 + mostInCommon(rest, now.slice(at + 1)));
}
