import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseReference, type Reference } from "../../src/oci/reference.ts";
import { decide } from "../../src/plan/decide.ts";
import type { BrokenSighting, Sighting } from "../../src/plan/observe.ts";
import { type Source, sourcesOf } from "../../src/plan/places.ts";
import { config, keyedImage, notAsked, situation, someDigest } from "../support/keyed.ts";

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
type Mode = "digest" | "tag" | "own-tag";
const rows: readonly [
  what: string,
  seen: Seen,
  mode: Mode,
  hasOwn: boolean,
  wholeUpstream: boolean,
  expected: string,
][] = [
  ["nothing seen", [], "digest", true, false, "build absent"],
  ["a broken tag", [broken], "digest", true, false, "build broken"],
  ["own", [found("own")], "digest", true, false, "reuse own"],
  ["own, tag", [found("own")], "tag", true, false, "reuse own"],
  ["own, own-tag", [found("own")], "own-tag", true, false, "reuse own"],
  ["upstream, digest", [found("upstream")], "digest", true, false, "reuse upstream"],
  ["upstream, part of a mixed set", [found("upstream")], "tag", true, false, "copy upstream"],
  ["upstream has the whole set", [found("upstream")], "tag", true, true, "reuse upstream"],
  ["upstream, own-tag", [found("upstream")], "own-tag", true, true, "copy upstream"],
  ["upstream, nowhere to copy to", [found("upstream")], "own-tag", false, true, "reuse upstream"],
  [
    "upstream whole, own broken",
    [broken, found("upstream")],
    "digest",
    true,
    false,
    "reuse upstream",
  ],
  [
    "the first sighting wins",
    [found("upstream"), found("own")],
    "digest",
    true,
    false,
    "reuse upstream",
  ],
];

interface Place {
  readonly reference: Mode;
  readonly hasOwn?: boolean;
  readonly wholeUpstream?: boolean;
  readonly userTag?: string;
}

/** The decision for one image that was seen as told. */
function decided(
  seen: Seen,
  { reference, hasOwn = true, ...place }: Place,
  looked = ["r.example/own"],
) {
  const settings = config({ upstream: "qemu-project", reference });
  const env = place.userTag === undefined ? {} : { QEMU_CI_CONTAINER_TAG: place.userTag };
  const here = situation("alice/qemu", settings, env);
  const source = sourcesOf(here, settings).find(({ kind }) => kind === "upstream");
  const content = { setId: "x", tag: "set", images: {}, revision: undefined, pipeline: undefined };
  const record = { source: source as Source, reference: "r/berth:set", content, isStale: false };
  const { decisions } = decide({
    images: [keyedImage("x")],
    observation: {
      record: place.wholeUpstream === true ? record : undefined,
      sightings: new Map([["x", seen]]),
      looked,
      warnings: [],
    },
    config: settings,
    situation: { ...here, own: hasOwn ? here.own : undefined },
    fresh: notAsked,
  });
  const decision = decisions.get("x");
  assert.ok(decision);
  return decision;
}

describe("decide", () => {
  for (const [what, seen, reference, hasOwn, wholeUpstream, expected] of rows) {
    test(`${what} (${reference}): ${expected}`, () => {
      const decision = decided(seen, { reference, hasOwn, wholeUpstream });
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
    const place = { reference: "tag", wholeUpstream: true } as const;
    assert.equal(decided([found("upstream")], { ...place, userTag: "mine" }).kind, "copy");
    assert.equal(decided([found("upstream")], place).kind, "reuse");
  });

  test("says so where there was no registry to look in", () => {
    const decision = decided([], { reference: "digest", hasOwn: false }, []);
    assert.deepEqual(decision, { kind: "build", because: { code: "no-registry" } });
  });
});
