import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { layOut } from "../../src/report/graph.ts";
import { scaleOf } from "../../src/report/page.ts";

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

test("every image stands once, right of its parents, on a place of its own, and the same each time", () => {
  fc.assert(
    fc.property(graphs, (nodes) => {
      const laid = layOut(nodes);
      const { places, alone, lines, width, height } = laid;
      const all = [...places.map(({ node }) => node), ...alone].sort((a, b) => a - b);
      assert.deepEqual(all, [...nodes.keys()]);
      const place = new Map(places.map((one) => [one.node, one]));
      for (const { from, to, points } of lines) {
        const [start, end] = [place.get(from), place.get(to)];
        assert.ok(start !== undefined && end !== undefined && start.x + 236 < end.x);
        assert.deepEqual(points[0], { x: start.x + 236, y: start.y + 20 });
        assert.deepEqual(points.at(-1), { x: end.x, y: end.y + 20 });
      }
      assert.equal(lines.length, nodes.flatMap(({ parents }) => parents).length);
      for (const one of places) {
        assert.ok(one.x >= 0 && one.x + 236 <= width && one.y >= 0 && one.y + 40 <= height);
        const near = places.filter(({ x }) => Math.abs(x - one.x) < 236);
        assert.ok(near.every((other) => other === one || Math.abs(other.y - one.y) >= 40));
      }
      assert.deepEqual(layOut(nodes), laid);
    }),
  );
});

test("a damaged plan with a cycle is drawn all the same", () => {
  for (const parents of [[[1], [0]], [[0]], [[0, 1], [0, 1], [1]]])
    assert.equal(layOut(parents.map((list) => ({ parents: list }))).places.length, parents.length);
});

test("children stand in the order of their parents, so that lines do not cross", () => {
  // Four parents, the children listed the other way round; a common end joins them into one group.
  const parents = [[], [], [], [], [3], [2], [1], [0], [4, 5, 6, 7]].map((list) => ({
    parents: list,
  }));
  const heights = new Map(layOut(parents).places.map(({ node, y }) => [node, y]));
  const order = (nodes: readonly number[]): readonly number[] =>
    nodes.toSorted((a, b) => (heights.get(a) ?? 0) - (heights.get(b) ?? 0));
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
