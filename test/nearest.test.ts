import assert from "node:assert/strict";
import { test } from "node:test";
import { didYouMean, nearest } from "../src/nearest.ts";

const known = ["from", "images", "platforms", "parents", "prefix"];

const cases: readonly (readonly [text: string, word: string | undefined])[] = [
  ["image", "images"],
  ["platform", "platforms"],
  ["Prefix", "prefix"],
  ["parent_", "parents"],
  ["zzz", undefined],
  ["foo", undefined],
  ["trust", undefined],
  ["", undefined],
];

test("a word that has another name now leads to it, where that is known", () => {
  const words = ["digest", "tag", "own-tag"];
  assert.equal(didYouMean("each", words), '; did you mean "digest"?');
  assert.equal(didYouMean("set", words), '; did you mean "tag"?');
  assert.equal(didYouMean("classic", words), '; did you mean "own-tag"?');
  assert.equal(didYouMean("classic", known), "");
});

for (const [text, word] of cases) {
  test(`${JSON.stringify(text)} was meant to be ${word ?? "nothing known"}`, () => {
    assert.equal(nearest(text, known), word);
    assert.equal(didYouMean(text, known), word === undefined ? "" : `; did you mean "${word}"?`);
  });
}
