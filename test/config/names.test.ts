import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nameAll, nameMistake, usualContext, variableOf } from "../../src/config/names.ts";

const segment = fc.oneof(
  fc.constantFrom("ci", "a-b", "a_b", "A.B", "berth", "..x", "Été", "日本", "--", "x  y"),
  fc.string({ minLength: 1, maxLength: 6 }).map((text) => text.replaceAll("/", "_")),
);
const file = fc.oneof(
  fc.constantFrom("Dockerfile", "Containerfile", ".docker"),
  segment.map((name) => `${name}.docker`),
  segment.map((name) => `Dockerfile.${name}`),
);
const path = fc
  .tuple(fc.array(segment, { maxLength: 3 }), file)
  .map(([folders, name]) => [...folders, name].join("/"));

test("any paths give names that a repository can have", () =>
  fc.assert(
    fc.property(fc.uniqueArray(path, { maxLength: 8 }), (paths) => {
      const names = nameAll(paths, ["ci"]);
      assert.deepEqual([...names.keys()], paths);
      for (const name of names.values()) {
        if (name !== "berth") assert.equal(nameMistake(name), undefined, name);
      }
    }),
    { numRuns: 300 },
  ));

test("the order of paths does not matter for their names", () =>
  fc.assert(
    fc.property(fc.uniqueArray(path, { maxLength: 8 }), (paths) => {
      const names = (list: readonly string[]) => Object.fromEntries(nameAll(list, []));
      assert.deepEqual(names(paths.toReversed()), names(paths));
    }),
    { numRuns: 100 },
  ));

test("names are refused where a repository or the set's record stands against them", () => {
  for (const name of ["a", "a.b", "a__b", "a--b", "a-b_c.1"])
    assert.equal(nameMistake(name), undefined);
  for (const name of ["", "A", "a/b", "-a", "a.", "a..b", "a___b", "ä", "berth"])
    assert.ok(nameMistake(name), name);
});

test("a variable is made of capital letters, digits and _", () =>
  assert.equal(variableOf("debian-12.5_x"), "DEBIAN_12_5_X"));

test("only a bare Dockerfile or Containerfile is plain", () => {
  const paths = ["Dockerfile", "a/Containerfile", "Dockerfile.x", "x.Dockerfile", "a/dockerfile"];
  assert.deepEqual(paths.map(usualContext), ["", "a", "", "", ""]);
});
