import assert from "node:assert/strict";
import { test } from "node:test";
import {
  compileGlob,
  globFolder,
  globLastName,
  globMistake,
  isGlob,
} from "../../src/config/glob.ts";

const cases: readonly (readonly [glob: string, matched: string[], unmatched: string[]])[] = [
  ["*.docker", ["a.docker", ".docker", "a b.docker"], ["x/a.docker", "a.dockerx", "aXdocker"]],
  ["ci/*/x", ["ci/a/x", "ci/.a/x"], ["ci/x", "ci/a/b/x"]],
  ["**/x", ["x", "a/x", "a/b/x"], ["ax", "a/bx"]],
  ["ci/**/x", ["ci/x", "ci/a/x", "ci/a/b/x"], ["cia/x", "ci/ax"]],
  ["ci/**", ["ci/x", "ci/a/b"], ["ci", "cix/a"]],
  ["**", ["a", "a/b"], []],
  ["a**/b", ["a/b", "ax/b"], ["a/x/b"]],
  ["**.docker", ["a.docker"], ["a/b.docker"]],
  ["a?c", ["abc"], ["ac", "a/c", "abbc"]],
  ["{a,b/c}.docker", ["a.docker", "b/c.docker"], ["b.docker", "a,b/c.docker"]],
  ["{a,**/b}.x", ["a.x", "b.x", "q/b.x"], ["q/a.x"]],
  ["a{,-b}.x", ["a.x", "a-b.x"], ["a-.x"]],
  ["a,b*", ["a,b", "a,bc"], ["a"]],
  ["a.b+(c)[d]^$|\\*", ["a.b+(c)[d]^$|\\x"], ["aXb+(c)[d]^$|\\x", "a.bb"]],
];

for (const [glob, matched, unmatched] of cases)
  test(`the glob ${glob} matches whole paths`, () => {
    const matches = compileGlob(glob);
    assert.deepEqual(
      [...matched, ...unmatched].filter((path) => matches(path)),
      matched,
    );
  });

test("a text is a glob only with *, ? or {", () =>
  assert.deepEqual(["a*", "a?", "{a", "a[b]", "a.docker"].map(isGlob), [
    true,
    true,
    true,
    false,
    false,
  ]));

test("braces that do not pair are a mistake", () => {
  assert.equal(globMistake("{a,b}/{c}"), undefined);
  for (const glob of ["{a", "a}", "{a{b}}"]) assert.ok(globMistake(glob), glob);
});

test("a glob tells where to look", () => {
  const globs = ["*.docker", "ci/*.docker", "ci/a/{b,c}/x", "ci/a*/x", "{a/b,c}.x", "a?/b?{c,d}**"];
  assert.deepEqual(globs.map(globFolder), ["", "ci", "ci/a", "ci", "", ""]);
  assert.deepEqual(globs.map(globLastName), ["*.docker", "*.docker", "x", "x", "*", "b*"]);
});
