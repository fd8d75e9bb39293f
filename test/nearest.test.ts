import assert from "node:assert/strict";
import { test } from "node:test";
import { didYouMean, nearest } from "../src/nearest.ts";

const known = ["from", "images", "platforms", "parents", "prefix"];

const cases: readonly (readonly [text: string, word: string | undefined])[] = [
  ["image", "images"],
  ["platform", "platforms"],
  ["Prefix", "prefix"],
  ["parent_", "parents"],
  ["plaforms", "platforms"],
  ["pa-rents", "parents"],
  ["plxxxorms", "platforms"],
  ["pxxxxorms", undefined],
  ["xxom", "from"],
  ["xxxm", undefined],
  ["fom", "from"],
  ["fm", undefined],
  ["zzz", undefined],
  ["foo", undefined],
  ["trust", undefined],
  ["", undefined],
];

for (const [text, word] of cases)
  test(`${JSON.stringify(text)} was meant to be ${word ?? "nothing known"}`, () => {
    assert.equal(nearest(text, known), word);
    assert.equal(didYouMean(text, known), word === undefined ? "" : `; did you mean "${word}"?`);
  });
