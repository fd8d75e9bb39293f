import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { layOut } from "../../src/report/layout.ts";
import { scaleOf } from "../../src/report/timeline.ts";

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

test("every image stands once, right of its parents, and on a place of its own", () => {
  fc.assert(
    fc.property(graphs, (nodes) => {
      const { places, alone, layers, rows } = layOut(nodes);
      const all = [...places.map(({ node }) => node), ...alone].sort((a, b) => a - b);
      assert.deepEqual(all, [...nodes.keys()]);
      const layer = new Map(places.map((place) => [place.node, place.layer]));
      for (const { node } of places) {
        for (const parent of nodes[node]?.parents ?? [])
          assert.ok((layer.get(parent) ?? 99) < (layer.get(node) ?? -1));
      }
      for (const place of places) {
        assert.ok(place.layer < layers && place.row >= 0 && place.row <= rows - 1);
        const near = places.filter((other) => other.layer === place.layer && other !== place);
        assert.ok(near.every(({ row }) => Math.abs(row - place.row) >= 1));
      }
    }),
  );
});

test("a damaged plan with a cycle is drawn all the same", () => {
  const { places } = layOut([{ parents: [1] }, { parents: [0] }]);
  assert.equal(places.length, 2);
});

test("children stand in the order of their parents, so that lines do not cross", () => {
  // Four parents, the children listed the other way round; a common end joins them into one group.
  const parents = [[], [], [], [], [3], [2], [1], [0], [4, 5, 6, 7]].map((list) => ({
    parents: list,
  }));
  const rows = new Map(layOut(parents).places.map(({ node, row }) => [node, row]));
  const order = (nodes: readonly number[]): readonly number[] =>
    nodes.toSorted((a, b) => (rows.get(a) ?? 0) - (rows.get(b) ?? 0));
  const childrenOf = order([0, 1, 2, 3]).map((parent) => 7 - parent);
  assert.deepEqual(order([4, 5, 6, 7]), childrenOf);
});

test("the axis of the timeline ends at a round time with few ticks, however long it took", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), (elapsed) => {
      const { end, ticks } = scaleOf(elapsed);
      assert.ok(end >= elapsed && ticks.at(-1) === end && ticks.length >= 2 && ticks.length <= 7);
    }),
  );
});
