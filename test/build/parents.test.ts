import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../../src/build/outcome.ts";
import { parentReferences } from "../../src/build/parents.ts";
import { digestOf } from "../../src/oci/digest.ts";
import type { Decision, PlannedImage } from "../../src/plan/plan.ts";
import type { Registry } from "../../src/registry/registry.ts";
import { plannedImage } from "../support/keyed.ts";

const digest = digestOf("the parent");
const at = (word: string): string => `r.example/${word}@${digest}`;
const build: Decision = { kind: "build", because: { code: "absent", looked: [] } };

function planned(name: string, decision: Decision, change: Partial<PlannedImage> = {}) {
  const place = { repository: `r.example/p/${name}`, tag: `tag-of-${name}` };
  return plannedImage(name, decision, { ...place, ...change });
}

interface At {
  /** Where this run ended with it. */
  readonly made?: string;
  /** The one tag that is there. */
  readonly tagged?: string;
  readonly machine?: string | undefined;
}

/** Where the parent of an image is, and which tags were asked for. */
async function parentOf(plan: readonly PlannedImage[], { made, tagged, machine }: At = {}) {
  const asked: string[] = [];
  const head: Registry["head"] = async ({ path, tag }) => {
    asked.push(`${path}:${tag}`);
    const found = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 1 };
    return tag === tagged ? found : undefined;
  };
  const done = new Map(made === undefined ? [] : [["parent", { reference: made } as Outcome]]);
  const child = planned("child", build, { parents: ["parent"] });
  const around = { planned: plan, done, registry: { head, get: async () => undefined } };
  const found = await parentReferences(child, around, machine);
  return { parent: found.get("parent"), asked };
}

const reused: Decision = { kind: "reuse", reference: at("here"), digest, foundBy: "key-tag" };
const copied: Decision = { kind: "copy", from: at("there"), digest, foundBy: "key-tag" };
const twin: Decision = { kind: "build", because: { code: "same", as: "other" } };

test("a parent is where this run ended with it, before anything that was planned", async () => {
  const found = await parentOf([planned("parent", reused)], { made: at("made") });
  assert.deepEqual(found, { parent: at("made"), asked: [] });
});

test("a parent that is there already is where the plan found it", async () => {
  assert.equal((await parentOf([planned("parent", reused)])).parent, at("here"));
  assert.equal((await parentOf([planned("parent", copied)])).parent, at("there"));
});

test("a parent that another job builds is what its tag points at", async () => {
  const found = await parentOf([planned("parent", build)], { tagged: "tag-of-parent" });
  const parent = `r.example/p/parent@${digest}`;
  assert.deepEqual(found, { parent, asked: ["p/parent:tag-of-parent"] });
});

test("a parent that is the same as another image is where that one is", async () => {
  const [parent, other] = [planned("parent", twin), planned("other", build)];
  const found = await parentOf([parent, other], { tagged: "tag-of-other" });
  assert.equal(found.parent, `r.example/p/other@${digest}`);
  assert.deepEqual(found.asked, ["p/other:tag-of-other"]);
  assert.equal((await parentOf([parent, planned("other", reused)])).parent, at("here"));
});

test("of a parent of several platforms a build has the machine's, where it says which that is", async () => {
  const platform = "linux/amd64,linux/arm64";
  const [own, whole] = ["member", "whole"].map(
    (word): Decision => ({ ...reused, reference: at(word) }),
  );
  const plan = [planned("parent", whole!, { platform }), planned("parent@arm64", own!)];
  const on = async (machine?: string) => (await parentOf(plan, { machine })).parent;
  assert.equal(await on("linux/arm64"), at("member"));
  assert.equal(await on(), at("whole"));
  await assert.rejects(on("linux/s390x"), /linux\/s390x/);
  const alone = [planned("parent", whole!)];
  assert.equal((await parentOf(alone, { machine: "linux/arm64" })).parent, at("whole"));
});

test("a parent that is nowhere is an error that says where it should be", async () => {
  const table: readonly (readonly [plan: readonly PlannedImage[], said: RegExp])[] = [
    [[], /build child: parent, which it is built from, is missing: it is not in the plan/],
    [[planned("parent", build)], /missing: r\.example\/p\/parent:tag-of-parent is not there/],
    [[planned("parent", build, { repository: null })], /missing: no registry:tag-of-parent is not/],
  ];
  for (const [plan, message] of table)
    await assert.rejects(parentOf(plan), { code: "SET_INCOMPLETE", message });
});
