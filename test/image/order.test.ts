import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parentsFirst } from "../../src/image/image.ts";

test("every parent stands before its children, and nothing is lost", () => {
  // Parents have smaller numbers, so no cycle can come about.
  const nodes = fc.array(fc.array(fc.nat(20), { maxLength: 4 }), { maxLength: 15 }).map((all) =>
    all.map((parents, number) => ({
      name: `${number}`,
      parents: parents.filter((parent) => parent < number).map(String),
    })),
  );
  fc.assert(
    fc.property(nodes, fc.nat(), (graph, turn) => {
      const at = turn % (graph.length + 1);
      const given = [...graph.slice(at), ...graph.slice(0, at)];
      const sorted = parentsFirst(given).map(({ name }) => name);
      assert.deepEqual([...sorted].sort(), given.map(({ name }) => name).sort());
      for (const { name, parents } of graph)
        for (const parent of parents) assert.ok(sorted.indexOf(parent) < sorted.indexOf(name));
    }),
  );
});

test("an image built from itself is a cycle", () =>
  assert.throws(() => parentsFirst([{ name: "a", parents: ["a"] }]), {
    code: "IMAGE_CYCLE",
    message: /a -> a/,
  }));
