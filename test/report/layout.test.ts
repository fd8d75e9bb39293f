import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { treesOf } from "../../src/report/page.ts";

/** Graphs without cycles: parents stand earlier in the list. */
const graphs = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { maxLength: 30 }).map((lists) =>
  lists.map((list, index) => ({
    parents:
      index === 0
        ? []
        : [...new Set(list.map((number) => number % (index * 2)))].filter(
            (parent) => parent < index,
          ),
  })),
);

type Trees = ReturnType<typeof treesOf>;

function flat(trees: Trees): readonly Trees[number][] {
  return trees.flatMap((tree) => [tree, ...flat(tree.children)]);
}

test("every image stands once, below its first parent", () =>
  fc.assert(
    fc.property(graphs, (nodes) => {
      const trees = treesOf(nodes);
      const all = flat(trees);
      const numbers = all.map(({ node }) => node).sort((a, b) => a - b);
      assert.deepEqual(numbers, [...nodes.keys()]);
      for (const { node, children } of all)
        for (const child of children) assert.equal(nodes[child.node]?.parents[0], node);
      for (const { node } of trees) assert.deepEqual(nodes[node]?.parents, []);
    }),
  ));

test("a damaged plan with a circle is shown all the same", () => {
  for (const parents of [[[1], [0]], [[0]], [[0, 1], [0, 1], [1]]])
    assert.equal(flat(treesOf(parents.map((list) => ({ parents: list })))).length, parents.length);
});

test("what others are built from stands first, in the order of the plan", () => {
  const parents = [[], [], [1], [], [1, 0], [4]].map((list) => ({ parents: list }));
  const shape = (trees: Trees): unknown =>
    trees.map(({ node, children }) => [node, shape(children)]);
  assert.deepEqual(shape(treesOf(parents)), [
    [
      1,
      [
        [2, []],
        [4, [[5, []]]],
      ],
    ],
    [0, []],
    [3, []],
  ]);
});
