import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { KeyedImage } from "../../src/image/key.ts";
import { withRefreshes } from "../../src/plan/decide.ts";
import type { Decision } from "../../src/plan/plan.ts";
import { keyedImage, someDigest } from "../support/keyed.ts";

const reuse: Decision = {
  kind: "reuse",
  reference: "r/x@1",
  digest: someDigest,
  foundBy: "key-tag",
};
const copy: Decision = { kind: "copy", from: "r/y@1", digest: someDigest, foundBy: "key-tag" };
const build: Decision = { kind: "build", because: { code: "absent", looked: ["r"] } };
const kinds = { reuse, copy, build };

/** base, then middle, then leaf; lone has no parent. Declared in another order. */
const chain: readonly KeyedImage[] = [
  keyedImage("leaf", { parents: ["middle"] }),
  keyedImage("middle", { parents: ["base"], optional: true }),
  keyedImage("lone"),
  keyedImage("base"),
];

type Kind = keyof typeof kinds;

const rows: readonly (readonly [
  what: string,
  before: readonly [leaf: Kind, middle: Kind, lone: Kind, base: Kind],
  forced: readonly string[],
  after: string,
  anew: string,
])[] = [
  ["nothing asks", ["reuse", "copy", "build", "reuse"], [], "reuse copy build reuse", ""],
  [
    "one without children",
    ["reuse", "reuse", "reuse", "reuse"],
    ["lone"],
    "reuse reuse forced reuse",
    "lone",
  ],
  [
    "the last of a chain",
    ["reuse", "reuse", "reuse", "reuse"],
    ["leaf"],
    "forced reuse reuse reuse",
    "leaf",
  ],
  [
    "one in the middle",
    ["reuse", "reuse", "reuse", "reuse"],
    ["middle"],
    "parent:middle forced reuse reuse",
    "leaf middle",
  ],
  [
    "the first, over two levels",
    ["copy", "reuse", "reuse", "copy"],
    ["base"],
    "parent:middle parent:base reuse forced",
    "base leaf middle",
  ],
  [
    "one that is built in any case",
    ["reuse", "reuse", "build", "reuse"],
    ["lone"],
    "reuse reuse build reuse",
    "",
  ],
  [
    "a child is built upon it, and another upon that",
    ["reuse", "build", "reuse", "reuse"],
    ["base"],
    "parent:middle build reuse forced",
    "base leaf middle",
  ],
  [
    "all",
    ["reuse", "reuse", "reuse", "reuse"],
    ["leaf", "middle", "lone", "base"],
    "forced forced forced forced",
    "base leaf lone middle",
  ],
];

describe("withRefreshes", () => {
  for (const [what, before, forced, after, anew] of rows) {
    test(`${what}: ${after}`, () => {
      const decisions = new Map(chain.map(({ name }, at) => [name, kinds[before[at] ?? "build"]]));
      const made = withRefreshes(chain, decisions, ({ name }) =>
        forced.includes(name) ? { code: "forced" } : undefined,
      );
      const said = chain.map(({ name }) => shortly(made.decisions.get(name)));
      assert.equal(said.join(" "), after);
      assert.equal([...made.anew].sort().join(" "), anew);
    });
  }

  test("remembers what is used until then", () => {
    const decisions = new Map<string, Decision>([
      ["lone", copy],
      ["base", reuse],
    ]);
    const { decisions: made } = withRefreshes(chain, decisions, () => ({ code: "forced" }));
    assert.deepEqual(made.get("lone"), {
      kind: "refresh",
      because: { code: "forced" },
      from: "r/y@1",
    });
    assert.deepEqual(made.get("base"), {
      kind: "refresh",
      because: { code: "forced" },
      from: "r/x@1",
    });
    assert.equal(made.size, 2);
  });
});

function shortly(decision: Decision | undefined): string {
  if (decision?.kind !== "refresh") return decision?.kind ?? "none";
  const { because } = decision;
  return because.code === "parent" ? `parent:${because.parent}` : because.code;
}
