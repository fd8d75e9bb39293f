import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseRepository, printReference, printRepository } from "../../src/oci/reference.ts";
import { decide } from "../../src/plan/decide.ts";
import type { BrokenSighting, Sighting } from "../../src/plan/observe.ts";
import { rightsFor } from "../../src/plan/rights.ts";
import { config, keyedImage, keyInputs, situation } from "../support/keyed.ts";
import { registryOf } from "./pipelines.ts";
import { groundsOf, type Seen, seen } from "./sightings.ts";

const broken: BrokenSighting = {
  kind: "broken",
  reference: "r.example/own/x:key",
  missing: "config",
};

const recorded = seen("upstream", { foundBy: "set-record" });

type Mode = "digest" | "tag" | "own-tag";
const [own, upstream] = [seen("own"), seen("upstream")];
const twin: Sighting = { ...recorded, isTwin: true };
/** `whole` where upstream has all of the set on record, `alone` where there is no own registry besides. */
type State = "" | "whole" | "alone";
const rows: readonly [string, Seen, Mode, State, expected: string][] = [
  ["nothing seen", [], "digest", "", "build absent"],
  ["a broken tag", [broken], "digest", "", "build broken"],
  ["own", [own], "digest", "", "reuse own"],
  ["own", [own], "tag", "", "reuse own"],
  ["own", [own], "own-tag", "", "reuse own"],
  ["upstream", [upstream], "digest", "", "reuse upstream"],
  ["upstream, part of a mixed set", [upstream], "tag", "", "copy upstream"],
  ["upstream has the whole set", [recorded], "tag", "whole", "reuse upstream"],
  ["upstream has lost what it recorded", [upstream], "tag", "whole", "copy upstream"],
  ["upstream has lost all but a twin", [twin], "tag", "whole", "copy upstream"],
  ["upstream", [recorded], "own-tag", "whole", "copy upstream"],
  ["upstream, nowhere to copy to", [recorded], "own-tag", "alone", "reuse upstream"],
  ["upstream whole, own broken", [broken, upstream], "digest", "", "reuse upstream"],
  ["the first sighting wins", [upstream, own], "digest", "", "reuse upstream"],
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
  const alone = { ...here, own: hasOwn ? here.own : undefined };
  const known = { images: [keyedImage("x")], config: settings, situation: alone };
  const recorded = place.wholeUpstream === true ? "x" : undefined;
  const { decisions } = decide(groundsOf(known, () => sightings, { recorded, looked }));
  const decision = decisions.get("x");
  assert.ok(decision);
  return decision;
}

describe("decide", () => {
  for (const [what, sightings, reference, state, expected] of rows)
    test(`${what} (${reference}): ${expected}`, () => {
      const place = { hasOwn: state !== "alone", wholeUpstream: state !== "" };
      const decision = decided(sightings, { reference, ...place });
      const where = printReference((expected.endsWith(" own") ? own : upstream).reference);
      const detail = {
        build: decision.kind === "build" && `build ${decision.because.code}`,
        reuse: decision.kind === "reuse" && decision.reference === where && expected,
        copy: decision.kind === "copy" && decision.from === where && expected,
        refresh: false,
      }[decision.kind];
      assert.equal(detail, expected, JSON.stringify(decision));
    });

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
      const images = [
        keyedImage("a", { inputs, optional: first }),
        keyedImage("b", { inputs, optional: second }),
      ];
      const known = { images, config: settings, situation: situation("alice/qemu", settings) };
      const { decisions } = decide(groundsOf(known, () => []));
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
  const copy = decided([upstream], { reference: "own-tag" });
  const from = parseRepository(`${registryOf.upstream}/qemu/debian`);
  const push = { access: "push", repository };
  assert.deepEqual(rightsFor(decided([], { reference: "digest" }), repository), [push]);
  const [write, read, ...others] = rightsFor(copy, repository);
  assert.deepEqual([write, read?.access, others], [push, "pull", []]);
  assert.equal(printRepository(read?.repository ?? repository), printRepository(from));
  assert.deepEqual(rightsFor(decided([own], { reference: "digest" }), repository), []);
  assert.deepEqual(rightsFor(copy, undefined), []);
});
