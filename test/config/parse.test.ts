import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { parseConfig } from "../../src/config/parse.ts";
import { BerthError } from "../../src/errors.ts";

const cases = new URL("./cases/", import.meta.url);
const texts = readdirSync(cases).map((name) =>
  readFileSync(new URL(`${name}/berth.yml`, cases), "utf8"),
);

const cut = fc
  .tuple(fc.constantFrom(...texts), fc.nat(), fc.nat(9), fc.string({ maxLength: 4 }))
  .map(([text, start, length, put]) => {
    const at = start % (text.length + 1);
    return text.slice(0, at) + put + text.slice(at + length);
  });

test("a damaged file gives a configuration or problems inside the file, never another error", () => {
  fc.assert(
    fc.property(cut, (text) => {
      const lines = text.split("\n").length;
      for (const problem of problemsOf(text)) {
        assert.ok(problem.line >= 1 && problem.line <= lines && problem.column >= 1);
        assert.doesNotMatch(problem.message, /\n|undefined|\[object/);
      }
    }),
    { numRuns: 300 },
  );
});

function problemsOf(text: string) {
  try {
    parseConfig(text, "berth.yml");
    return [];
  } catch (error) {
    if (!(error instanceof BerthError) || error.problems.length === 0) throw error;
    return error.problems;
  }
}
