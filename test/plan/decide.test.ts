import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseReference, type Reference } from "../../src/oci/reference.ts";
import { decide } from "../../src/plan/decide.ts";
import type { BrokenSighting, Sighting } from "../../src/plan/observe.ts";
import { someDigest } from "../support/keyed.ts";

const found = (source: "own" | "upstream"): Sighting => ({
  kind: "found",
  source,
  reference: parseReference(`r.example/${source}/x@${someDigest}`) as Reference & {
    digest: typeof someDigest;
  },
  foundBy: "key-tag",
  trusted: true,
  manifest: undefined,
});
const broken: BrokenSighting = {
  kind: "broken",
  reference: "r.example/own/x:key",
  missing: "config",
};

type Seen = readonly (Sighting | BrokenSighting)[];
type Mode = "each" | "set" | "classic";
const rows: readonly [
  what: string,
  seen: Seen,
  mode: Mode,
  hasOwn: boolean,
  wholeUpstream: boolean,
  expected: string,
][] = [
  ["nothing seen", [], "each", true, false, "build absent"],
  ["a broken tag", [broken], "each", true, false, "build broken"],
  ["own", [found("own")], "each", true, false, "reuse own"],
  ["own, set", [found("own")], "set", true, false, "reuse own"],
  ["own, classic", [found("own")], "classic", true, false, "reuse own"],
  ["upstream, each", [found("upstream")], "each", true, false, "reuse upstream"],
  ["upstream, part of a mixed set", [found("upstream")], "set", true, false, "copy upstream"],
  ["upstream has the whole set", [found("upstream")], "set", true, true, "reuse upstream"],
  ["upstream, classic", [found("upstream")], "classic", true, true, "copy upstream"],
  ["upstream, nowhere to copy to", [found("upstream")], "classic", false, true, "reuse upstream"],
  [
    "upstream whole, own broken",
    [broken, found("upstream")],
    "each",
    true,
    false,
    "reuse upstream",
  ],
  [
    "the first sighting wins",
    [found("upstream"), found("own")],
    "each",
    true,
    false,
    "reuse upstream",
  ],
];

describe("decide", () => {
  for (const [what, seen, reference, hasOwn, wholeUpstream, expected] of rows) {
    test(`${what} (${reference}): ${expected}`, () => {
      const decision = decide(seen, { reference, hasOwn, isMixed: false }, wholeUpstream, [
        "r.example/own",
      ]);
      const [kind, detail] = expected.split(" ");
      assert.equal(decision.kind, kind);
      if (decision.kind === "build") assert.equal(decision.because.code, detail);
      if (decision.kind === "reuse")
        assert.equal(decision.reference, `r.example/${detail}/x@${someDigest}`);
      if (decision.kind === "copy")
        assert.equal(decision.from, `r.example/${detail}/x@${someDigest}`);
    });
  }

  test("upstream's images are copied where a user's tag is to be given to the set", () => {
    const policy = { reference: "set", hasOwn: true, isMixed: true } as const;
    assert.equal(decide([found("upstream")], policy, true, []).kind, "copy");
    assert.equal(
      decide([found("upstream")], { ...policy, isMixed: false }, true, []).kind,
      "reuse",
    );
  });

  test("says so where there was no registry to look in", () => {
    const decision = decide([], { reference: "each", hasOwn: false, isMixed: false }, false, []);
    assert.deepEqual(decision, { kind: "build", because: { code: "no-registry" } });
  });
});
