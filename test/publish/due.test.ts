import assert from "node:assert/strict";
import { test } from "node:test";
import type { Decision } from "../../src/plan/plan.ts";
import { isPublishDue } from "../../src/plan/rights.ts";
import { plannedImage, someDigest } from "../support/keyed.ts";

const reuse: Decision = {
  kind: "reuse",
  reference: `r.example/x@${someDigest}`,
  digest: someDigest,
  foundBy: "key-tag",
};
const build: Decision = { kind: "build", because: { code: "no-registry" } };

type Row = readonly [
  what: string,
  decisions: readonly Decision[],
  complete: boolean,
  record: string | null,
  tag: string | undefined,
  due: boolean,
];
const rows: readonly Row[] = [
  ["something is to be built", [reuse, build], true, "r.example/berth:set-1", undefined, true],
  ["all there, not on record", [reuse], true, null, undefined, true],
  ["all there and on record", [reuse], true, "r.example/berth:set-1", undefined, false],
  ["on record, a user's tag to give", [reuse], true, "r.example/berth:set-1", "mine", true],
  ["a fork on upstream's images", [reuse], false, "r.example/berth:set-1", undefined, false],
  ["a fork on upstream's images that are not on record", [reuse], false, null, undefined, false],
  ["a fork on upstream's images with a user's tag", [reuse], false, null, "mine", false],
];

for (const [what, decisions, complete, record, userTag, due] of rows) {
  test(`${what}: ${due ? "publish" : "nothing to publish"}`, () => {
    const repository = complete ? "r.example/x" : "r.example/fork/x";
    const images = decisions.map((decision, number) =>
      plannedImage(`image${number}`, decision, { repository }),
    );
    const set = { id: "1", tag: "set-1", record, generation: null, stale: false };
    const wishes = { force: "none", tag: userTag } as const;
    const run = { wishes, ci: true };
    assert.equal(isPublishDue({ images, complete, set }, run), due);
    const stale = { images, complete, set: { ...set, stale: true } };
    assert.equal(isPublishDue(stale, run), true, "a pipeline that may writes a stale record anew");
    assert.equal(isPublishDue(stale, { ...run, ci: false }), due);
  });
}

test("a fork's image among upstream's is recorded by the pipeline that finds them so", () => {
  const images = ["r.example/fork/x", "r.example/x"].map((repository, number) =>
    plannedImage(`image${number}`, reuse, { repository }),
  );
  const set = { id: "1", tag: "set-1", record: null, generation: null, stale: false };
  const run = { wishes: { force: "none", tag: undefined }, ci: true } as const;
  const isDue = (change: object, record: string | null = null) =>
    isPublishDue({ images, complete: false, set: { ...set, record } }, { ...run, ...change });
  assert.equal(isDue({}), true);
  assert.equal(isDue({}, "r.example/fork/berth:set-1"), false);
  assert.equal(isDue({ ci: false }), false);
});
