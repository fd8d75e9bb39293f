import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { KeyedImage } from "../../src/image/key.ts";
import { withRefreshes } from "../../src/plan/decide.ts";
import {
  type Decision,
  isFromScratch,
  type RefreshReason,
  reasonOf,
  type ScratchReason,
} from "../../src/plan/plan.ts";
import { scratchReasonOf } from "../../src/plan/refresh.ts";
import type { Situation } from "../../src/plan/situation.ts";
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
    "parent:middle scratch:parent:base reuse forced",
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
      const made = withRefreshes(
        chain,
        decisions,
        {
          refresh: ({ name }) => (forced.includes(name) ? { code: "forced" } : undefined),
          scratch: () => undefined,
        },
        true,
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
    const { decisions: made } = withRefreshes(
      chain,
      decisions,
      {
        refresh: () => ({ code: "forced" }),
        scratch: () => undefined,
      },
      true,
    );
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

const target = { branch: "main", head: undefined, url: undefined };

describe("what is built for the first time", () => {
  const train = { because: "merge train", target } as const;
  const situations: readonly (readonly [
    what: string,
    situation: Pick<Situation, "force" | "merge">,
    after: string,
  ])[] = [
    ["goes on from a cache", { force: "none", merge: undefined }, "build build"],
    ["is from scratch in a merge", { force: "none", merge: train }, "scratch:merge scratch:merge"],
    [
      "is from scratch where all is forced",
      { force: "all", merge: train },
      "scratch:forced scratch:forced",
    ],
    [
      "is from scratch where it alone is forced",
      { force: ["lone"], merge: undefined },
      "build scratch:forced",
    ],
  ];
  for (const [what, situation, after] of situations) {
    test(`${what}: ${after}`, () => {
      const made = withRefreshes(
        chain,
        new Map(chain.map(({ name }) => [name, build])),
        {
          refresh: () => undefined,
          scratch: (image) => scratchReasonOf(image, situation),
        },
        true,
      );
      const said = ["base", "lone"].map((name) => shortly(made.decisions.get(name)));
      assert.equal(said.join(" "), after);
      const isScratch = [...made.decisions.values()].map(isFromScratch);
      assert.deepEqual(isScratch.includes(true), after.includes("scratch"));
      assert.equal(made.anew.size, 0);
    });
  }

  test("says so in its reason", () => {
    const because = { code: "absent", looked: ["r"], since: "RUN at line 2 changed" } as const;
    const scratch = { code: "merge", because: "merge train" } as const;
    assert.equal(
      reasonOf({ kind: "build", because, scratch }),
      "RUN at line 2 changed; from scratch: merge train",
    );
    assert.equal(
      reasonOf({ ...build, scratch: { code: "forced" } }),
      "key not found in the registry; from scratch: asked for by FORCE_REBUILD",
    );
  });
});

function shortly(decision: Decision | undefined): string {
  if (decision?.kind === "refresh") return codeOf(decision.because);
  const scratch = decision?.kind === "build" ? decision.scratch : undefined;
  return scratch === undefined ? (decision?.kind ?? "none") : `scratch:${codeOf(scratch)}`;
}

function codeOf(because: RefreshReason | ScratchReason): string {
  return because.code === "parent" ? `parent:${because.parent}` : because.code;
}
