import assert from "node:assert/strict";
import { test } from "node:test";
import { forkOf } from "./actor.ts";
import { live } from "./life.ts";
import { momentOf, tagged, tagsWritten } from "./look.ts";
import { startPipeline } from "./pipeline.ts";
import { openScene } from "./scene.ts";

const settings = "refresh: { follow_bases: true, in: schedules }\n";
const { world, up, first } = await openScene([], settings);
const fork = await forkOf(world, up, "jane");
await fork.commit("topic", { "main.c": "int main(void) { return 2; }\n" });

test("a base that moved is built on by upstream's schedule, tested there, and then used by everyone", async () => {
  await world.moveBase();
  const push = await live(world, up, { user: "olga" });
  assert.deepEqual([push.built, push.ran], [[], first.ran]);

  const before = momentOf(world);
  const nightly = startPipeline(world, up, { source: "schedule", user: "olga" });
  const plan = await nightly.plan();
  assert.deepEqual(
    plan.images.map(({ name, decision }) => [
      name,
      decision.kind,
      "because" in decision && decision.because.code,
    ]),
    [
      ["alone", "refresh", "base-moved"],
      ["base", "refresh", "base-moved"],
      ["child", "refresh", "parent"],
      ["rust", "reuse", false],
    ],
  );
  const outcomes = await nightly.build();
  assert.deepEqual(outcomes.map(({ name, result }) => `${name} ${result}`).sort(), [
    "alone built",
    "base built",
    "child built",
  ]);
  const fresh = await nightly.consume();
  assert.equal(fresh["rust"], first.ran["rust"]);
  for (const name of ["alone", "base", "child"]) assert.notEqual(fresh[name], first.ran[name]);
  assert.deepEqual(tagsWritten(world, before, plan), [
    "acme/tools/berth: set-fresh",
    "acme/tools/qemu/alone: built key-fresh set-fresh",
    "acme/tools/qemu/base: built key-fresh set-fresh",
    "acme/tools/qemu/child: built key-fresh set-fresh",
    "acme/tools/qemu/rust: set-fresh",
  ]);

  // Until it is promoted nobody else sees it.
  const meanwhile = await live(world, fork, { branch: "topic" });
  assert.deepEqual([meanwhile.built, meanwhile.ran, meanwhile.pushed], [[], first.ran, 0]);
  const other = await live(world, up, { user: "olga" });
  assert.deepEqual([other.built, other.ran], [[], first.ran]);

  const beforePromotion = momentOf(world);
  assert.equal(await nightly.promote(), "latest: moved on 3 images\n");
  assert.deepEqual(tagsWritten(world, beforePromotion, plan), [
    "acme/tools/berth: claim latest set",
    "acme/tools/qemu/alone: cache key key-old latest",
    "acme/tools/qemu/base: cache key key-old latest",
    "acme/tools/qemu/child: cache key key-old latest",
  ]);
  for (const reference of ["digest", "tag", "own-tag"] as const) {
    const later = await live(world, fork, { branch: "topic", reference });
    assert.deepEqual([later.built, later.ran, later.uploads], [[], fresh, []]);
  }
  const next = await live(world, up, { source: "schedule", user: "olga" });
  assert.deepEqual([next.built, next.ran, next.written], [[], fresh, []]);
});

test("a fork that changed one image after that builds this one alone, on the new base", async () => {
  await fork.commit("own", { "ci/alone.list": "clang\n" });
  const life = await live(world, fork, { branch: "own" });
  assert.deepEqual(life.built, ["alone"]);
  const { alone: _, ...others } = life.ran;
  for (const [name, digest] of Object.entries(others))
    assert.equal(digest, tagged(world, `acme/tools/qemu/${name}`, "latest"));
});

test("a scheduled pipeline whose tests fail leaves everyone in the old images", async () => {
  const before = await live(world, up, { user: "olga" });
  await world.moveBase();
  const nightly = startPipeline(world, up, { source: "schedule", user: "olga" });
  await nightly.plan();
  await nightly.build();
  const fresh = await nightly.consume();
  assert.notEqual(fresh["base"], before.ran["base"]);
  for (const actor of [up, fork]) {
    const later = await live(world, actor, actor === up ? { user: "olga" } : { branch: "topic" });
    assert.deepEqual([later.built, later.ran], [[], before.ran]);
  }
});

test("a pipeline from before a refresh that is run again takes nobody back to the old images", async () => {
  const now = await live(world, up, { user: "olga" });
  for (const name of ["alone", "base", "child"]) assert.notEqual(now.ran[name], first.ran[name]);
  const before = momentOf(world);
  await first.pipeline.build();
  await first.pipeline.promote();
  assert.deepEqual(tagsWritten(world, before, first.plan), []);
  for (const reference of ["digest", "tag", "own-tag"] as const) {
    const upstream = await live(world, up, { user: "olga", reference });
    const forks = await live(world, fork, { branch: "topic", reference });
    assert.deepEqual([upstream.built, upstream.ran], [[], now.ran]);
    assert.deepEqual([forks.built, forks.ran], [[], now.ran]);
  }
});

test("a schedule in which nothing tests what it refreshed promotes nothing", async () => {
  const before = await live(world, up, { user: "olga" });
  await world.moveBase();
  const nightly = startPipeline(world, up, { source: "schedule", user: "olga" });
  await nightly.plan();
  await nightly.build();
  await assert.rejects(nightly.promote(), /SET_UNTESTED/);
  const later = await live(world, up, { user: "olga" });
  assert.deepEqual([later.built, later.ran], [[], before.ran]);

  await nightly.consume();
  assert.match(await nightly.promote(), /latest: moved/);
});
