import assert from "node:assert/strict";
import { test } from "node:test";
import { isKept, keptPatterns } from "../../src/prune/facts.ts";

const cases: readonly (readonly [string, readonly string[] | undefined, boolean, boolean])[] = [
  ["master", undefined, false, true],
  ["stable-9.2", undefined, false, true],
  ["staging-9.2", undefined, false, true],
  ["topic", undefined, false, false],
  ["topic", undefined, true, true],
  ["topic", ["top*"], false, true],
  ["master", ["top*"], false, false],
  ["stable-2.12", ["stable-*", "!stable-2.*"], false, false],
  ["stable-9.2", ["!stable-2.*", "stable-*"], false, true],
];

for (const [branch, branches, fork, kept] of cases) {
  const where = `${fork ? "fork" : "project"} with ${branches?.join(" ") ?? "no setting"}`;
  test(`${branch} is ${kept ? "" : "not "}kept in a ${where}`, () => {
    assert.equal(isKept(keptPatterns({ branches }, fork), branch, "master"), kept);
  });
}
