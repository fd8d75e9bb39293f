import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseRepository, printReference, printRepository } from "../../src/oci/reference.ts";
import { decide } from "../../src/plan/decide.ts";
import type { BrokenSighting, Sighting } from "../../src/plan/observe.ts";
import { sourcesOf } from "../../src/plan/places.ts";
import { rightsFor } from "../../src/plan/rights.ts";
import { config, keyedImage, keyInputs, notAsked, situation } from "../support/keyed.ts";
import { registryOf } from "./pipelines.ts";
import { recordAt, seen } from "./sightings.ts";

const broken: BrokenSighting = {
  kind: "broken",
  reference: "r.example/own/x:key",
  missing: "config",
};

const recorded = seen("upstream", { foundBy: "set-record" });

type Seen = readonly (Sighting | BrokenSighting)[];
type Mode = "digest" | "tag" | "own-tag";
const rows: readonly [
  what: string,
  sightings: Seen,
  mode: Mode,
  hasOwn: boolean,
  wholeUpstream: boolean,
  expected: string,
][] = [
  ["nothing seen", [], "digest", true, false, "build absent"],
  ["a broken tag", [broken], "digest", true, false, "build broken"],
  ["own", [seen("own")], "digest", true, false, "reuse own"],
  ["own, tag", [seen("own")], "tag", true, false, "reuse own"],
  ["own, own-tag", [seen("own")], "own-tag", true, false, "reuse own"],
  ["upstream, digest", [seen("upstream")], "digest", true, false, "reuse upstream"],
  ["upstream, part of a mixed set", [seen("upstream")], "tag", true, false, "copy upstream"],
  ["upstream has the whole set", [recorded], "tag", true, true, "reuse upstream"],
  ["upstream has lost what it recorded", [seen("upstream")], "tag", true, true, "copy upstream"],
  [
    "upstream has lost what it recorded, but a twin",
    [{ ...recorded, isTwin: true }],
    "tag",
    true,
    true,
    "copy upstream",
  ],
  ["upstream, own-tag", [recorded], "own-tag", true, true, "copy upstream"],
  ["upstream, nowhere to copy to", [recorded], "own-tag", false, true, "reuse upstream"],
  [
    "upstream whole, own broken",
    [broken, seen("upstream")],
    "digest",
    true,
    false,
    "reuse upstream",
  ],
  [
    "the first sighting wins",
    [seen("upstream"), seen("own")],
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
  sightings: Seen,
  { reference, hasOwn = true, ...place }: Place,
  looked = ["r.example/own"],
) {
  const settings = config({ upstream: "qemu-project", reference });
  const env = place.userTag === undefined ? {} : { QEMU_CI_CONTAINER_TAG: place.userTag };
  const here = situation("alice/qemu", settings, env);
  const source = sourcesOf(here, settings).find(({ kind }) => kind === "upstream");
  const { decisions } = decide({
    images: [keyedImage("x")],
    observation: {
      record: place.wholeUpstream === true && source ? recordAt(source, "x") : undefined,
      sightings: new Map([["x", sightings]]),
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
  for (const [what, sightings, reference, hasOwn, wholeUpstream, expected] of rows) {
    test(`${what} (${reference}): ${expected}`, () => {
      const decision = decided(sightings, { reference, hasOwn, wholeUpstream });
      const [kind, detail] = expected.split(" ");
      assert.equal(decision.kind, kind);
      if (decision.kind === "build") assert.equal(decision.because.code, detail);
      const place = detail === "own" ? "own" : "upstream";
      const where = printReference(seen(place).reference);
      if (decision.kind === "reuse") assert.equal(decision.reference, where);
      if (decision.kind === "copy") assert.equal(decision.from, where);
    });
  }

  test("upstream's images are copied where a user's tag is to be given to the set", () => {
    const place = { reference: "tag", wholeUpstream: true } as const;
    assert.equal(decided([recorded], { ...place, userTag: "mine" }).kind, "copy");
    assert.equal(decided([recorded], place).kind, "reuse");
  });

  test("of one key one image is built, but none that must be there waits for one that may fail", () => {
    const inputs = keyInputs("FROM scratch");
    for (const [first, second] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ] as const) {
      const settings = config({ upstream: "qemu-project" });
      const { decisions } = decide({
        images: [
          keyedImage("a", { inputs, optional: first }),
          keyedImage("b", { inputs, optional: second }),
        ],
        observation: { record: undefined, sightings: new Map(), looked: ["r"], warnings: [] },
        config: settings,
        situation: situation("alice/qemu", settings),
        fresh: notAsked,
      });
      const because =
        first && !second ? { code: "absent", looked: ["r"] } : { code: "same", as: "a" };
      assert.deepEqual(decisions.get("b"), { kind: "build", because });
    }
  });

  test("says so where there was no registry to look in", () => {
    const decision = decided([], { reference: "digest", hasOwn: false }, []);
    assert.deepEqual(decision, { kind: "build", because: { code: "no-registry" } });
  });
});

test("what is built writes, what is copied reads from there too, and what is reused needs no right", () => {
  const repository = parseRepository("r.example/own/x");
  const copy = decided([seen("upstream")], { reference: "own-tag" });
  const from = parseRepository(`${registryOf.upstream}/qemu/debian`);
  const push = { access: "push", repository };
  assert.deepEqual(rightsFor(decided([], { reference: "digest" }), repository), [push]);
  const [write, read, ...others] = rightsFor(copy, repository);
  assert.deepEqual([write, read?.access, others], [push, "pull", []]);
  assert.equal(printRepository(read?.repository ?? repository), printRepository(from));
  assert.deepEqual(rightsFor(decided([seen("own")], { reference: "digest" }), repository), []);
  assert.deepEqual(rightsFor(copy, undefined), []);
});
