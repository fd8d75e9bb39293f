import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Config } from "../../src/config/config.ts";
import { ownTags, setIdOf } from "../../src/image/key.ts";
import { isTag, printRepository } from "../../src/oci/reference.ts";
import { decide } from "../../src/plan/decide.ts";
import { makePlan, serializePlan } from "../../src/plan/make.ts";
import { type Plan, parsePlan } from "../../src/plan/plan.ts";
import { asUntrusted, situationOf } from "../../src/plan/situation.ts";
import { recordTagOf } from "../../src/publish/record.ts";
import { config, notAsked } from "../support/keyed.ts";
import { branch, jobIn, mergeRequest, qemu, registryOf } from "./pipelines.ts";
import { chain, groundsOf, seen } from "./sightings.ts";

interface Seen {
  readonly images: Readonly<Record<string, "own" | "upstream" | "nowhere">>;
  readonly wholeUpstream?: boolean;
}

function planOf(env: Record<string, string>, seenAt: Seen, change: Partial<Config> = {}): Plan {
  const settings = config({ ...qemu, ...change });
  const here = situationOf(env, settings, env["CI"] ? undefined : registryOf.fork);
  const isWhole = seenAt.wholeUpstream === true;
  const seenAs = (name: string) => {
    const source = seenAt.images[name] ?? "own";
    const foundBy = isWhole ? "set-record" : "key-tag";
    return source === "nowhere" ? [] : [seen(source, { name, foundBy })];
  };
  const known = { images: chain, config: settings, situation: here };
  const fresh = { ...notAsked, now: new Date("2026-11-20T12:00:00Z") };
  const grounds = { ...groundsOf(known, seenAs, { recorded: isWhole ? id : undefined }), fresh };
  const state = { revision: "a".repeat(40), dirty: [] };
  const plan = makePlan(decide(grounds), grounds, { state, env: {}, warnings: [] });
  assert.deepEqual(parsePlan(serializePlan(plan), "plan.json").images.length, chain.length);
  return plan;
}

const force = (names: string) => ({ variables: { QEMU_CI_FORCE_REBUILD: names } });
const id = setIdOf(chain, { repository: config(qemu).repository, upstream: undefined });
const keyOf = (name: string) => chain.find((image) => image.name === name)?.key ?? "";
const tagOf = ({ images }: Plan, name: string) => images.find((image) => image.name === name)?.tag;

describe("the tags of what a run refreshes", () => {
  test("name its pipeline, also where an image has to be built upon a refreshed one", () => {
    const job = jobIn("upstream", branch("staging", true), { ...force("base"), pipeline: 4711 });
    const plan = planOf(job, { images: { middle: "nowhere" } });
    assert.equal(plan.set.generation, "r4711");
    for (const tag of [plan.set.tag, recordTagOf(plan.set)])
      assert.equal(tag, `${ownTags.set(id)}-r4711`);
    for (const name of ["base", "middle", "leaf"])
      assert.equal(tagOf(plan, name), `${ownTags.key(keyOf(name))}-r4711`);
    assert.equal(tagOf(plan, "lone"), ownTags.key(keyOf("lone")));
    const base = plan.images.find(({ name }) => name === "base");
    assert.equal(base?.reference, `${registryOf.upstream}/qemu/base:${tagOf(plan, "base")}`);
  });

  test("are plain ones where nothing is refreshed", () => {
    const job = jobIn("upstream", branch("staging", true));
    const plan = planOf(job, { images: { leaf: "nowhere" } });
    const { generation, tag } = plan.set;
    assert.deepEqual([generation, tag, recordTagOf(plan.set)], [null, tag, ownTags.set(id)]);
    assert.equal(tag, ownTags.set(id));
    assert.equal(tagOf(plan, "leaf"), ownTags.key(keyOf("leaf")));
  });

  test("are an untrusted run's own", () => {
    const plan = planOf(jobIn("upstream", mergeRequest("fork"), force("lone")), { images: {} });
    assert.equal(plan.set.tag, `${ownTags.set(plan.set.id)}-r100`);
    assert.notEqual(plan.set.id, id);
    assert.equal(tagOf(plan, "lone"), `${ownTags.key(keyOf("lone"))}-r100`);
    const [lone] = plan.images.filter(({ name }) => name === "lone");
    assert.equal(lone?.repository, `${registryOf.upstream}/try/lone`);
  });

  test("name the time on a developer's machine", () => {
    const plan = planOf({ QEMU_CI_FORCE_REBUILD: "lone" }, { images: {} });
    assert.equal(plan.set.generation, "l1795176000");
    assert.equal(tagOf(plan, "lone"), `${ownTags.key(keyOf("lone"))}-l1795176000`);
  });

  test("are tags also with the longest number of a pipeline", () => {
    const job = { ...force("1"), pipeline: Number.MAX_SAFE_INTEGER };
    const plan = planOf(jobIn("upstream", mergeRequest("fork"), job), { images: {} });
    for (const tag of [plan.set.tag, recordTagOf(plan.set), tagOf(plan, "lone") ?? ""])
      assert.ok(isTag(tag), tag);
  });
});

describe("a fork that refreshes one image of upstream's set", () => {
  const all = { leaf: "upstream", middle: "upstream", lone: "upstream", base: "upstream" } as const;
  const forced = jobIn("fork", branch("topic"), force("lone"));
  const upstreams = { images: all, wholeUpstream: true };

  test("has a set of its own where jobs find images by base and tag", () => {
    const plan = planOf(forced, upstreams, { reference: "tag" });
    assert.equal(plan.complete, true);
    assert.equal(plan.variables["QEMU_CI_CONTAINER_BASE"], `${registryOf.fork}/qemu`);
    assert.equal(plan.variables["QEMU_CI_CONTAINER_TAG"], `${ownTags.set(plan.set.id)}-r100`);
    assert.notEqual(plan.set.id, id);
    const kinds = plan.images.map(({ name, decision }) => `${name} ${decision.kind}`);
    assert.deepEqual(kinds, ["leaf copy", "middle copy", "lone refresh", "base copy"]);
  });

  test("stores that image alone where jobs find each by a variable, and promises no set", () => {
    const plan = planOf(forced, upstreams, { reference: "digest" });
    assert.equal(plan.complete, false);
    const { variables } = plan;
    const names = ["BASE", "LEAF", "LONE", "MIDDLE"].map((name) => `QEMU_CI_IMAGE_${name}`);
    assert.deepEqual(Object.keys(variables).sort(), names);
    assert.match(variables["QEMU_CI_IMAGE_LONE"] ?? "", /^registry\.example\.com\/alice\/.*-r100$/);
    assert.match(variables["QEMU_CI_IMAGE_BASE"] ?? "", /\/qemu-project\/.*@sha256:/);
  });
});

test("later jobs learn from the plan that it is not trusted", () => {
  const plan = planOf(jobIn("upstream", mergeRequest("fork")), { images: {} });
  const read = parsePlan(serializePlan(plan), "plan.json");
  const topic = situationOf(jobIn("upstream", branch("topic")), read.config, undefined);
  const { role, own, upstream } = asUntrusted(topic, read.untrusted);
  const bases = [own, upstream].map((base) => base && printRepository(base));
  assert.deepEqual([role, ...bases], ["fork", `${registryOf.upstream}/try`, registryOf.upstream]);
});
