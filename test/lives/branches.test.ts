import assert from "node:assert/strict";
import { test } from "node:test";
import type { Plan } from "../../src/plan/plan.ts";
import { imageNames } from "./files.ts";
import { live } from "./life.ts";
import { momentOf, tagged, tagsWritten } from "./look.ts";
import { startPipeline } from "./pipeline.ts";
import { openScene } from "./scene.ts";

const { world, up, first } = await openScene(["staging", "staging-9.2"]);
const root = up.head("main");
/** Commits by branch. */
const commits = {
  staging: await up.commit("staging", { "ci/alone.list": "gcc 14\n" }, root),
  "staging-9.2": await up.commit("staging-9.2", { "ci/alone.list": "gcc 9\n" }, root),
  main: root,
};
const stable = await live(world, up, { branch: "staging-9.2", user: "olga" });

/** The digests that a promoted tag has, by image. */
function promoted(tag: string): Record<string, string | undefined> {
  const at = (name: string) => [name, tagged(world, `acme/tools/qemu/${name}`, tag)] as const;
  return Object.fromEntries(imageNames.map(at));
}

function forget(tag: string): void {
  for (const tags of world.gitlab.registry.tags.values()) tags.delete(tag);
}

test("a stable branch promotes its own tag and leaves latest where it is", async () => {
  assert.deepEqual(stable.built, ["alone"]);
  assert.equal(stable.promoted, "staging-9-2: moved on 4 images\n");
  assert.deepEqual(stable.written, [
    "acme/tools/berth: set staging-9-2",
    "acme/tools/qemu/alone: built cache key layers set staging-9-2",
    "acme/tools/qemu/base: set staging-9-2",
    "acme/tools/qemu/child: set staging-9-2",
    "acme/tools/qemu/rust: set staging-9-2",
  ]);
  assert.deepEqual([promoted("staging-9-2"), promoted("latest")], [stable.ran, first.ran]);
});

test("what staging built and did not come to promote, the default branch promotes by metadata", async () => {
  const staging = startPipeline(world, up, { branch: "staging", user: "olga" });
  await staging.plan();
  const outcomes = await staging.build();
  assert.deepEqual(
    outcomes.map(({ name, result }) => [name, result]),
    [["alone", "built"]],
  );
  const ran = await staging.consume();
  assert.deepEqual(promoted("latest"), first.ran);
  commits.main = await up.merge("main", { bare: up.bare, sha: commits.staging });
  const tip = await live(world, up, { user: "olga" });
  assert.deepEqual([tip.built, tip.uploads, tip.downloads], [[], [], []]);
  assert.deepEqual([tip.ran, promoted("latest")], [ran, ran]);
  assert.equal(tip.promoted, "latest: moved on 1 image\n");
  const both = ["acme/tools/berth: latest", "acme/tools/qemu/alone: latest"];
  assert.deepEqual(tip.written, both);
  const late = await staging.promote();
  const told = `left alone, it is at ${commits.main}, which is newer than this commit`;
  assert.equal(late, `latest: ${told}\n`);
  assert.deepEqual(promoted("latest"), ran);
});

test("whether staging or the default branch promotes first, all tags end right, a stable branch's too", async () => {
  commits.main = await up.commit("main", { "ci/child.list": "ninja\n" });
  const tip = await live(world, up, { user: "olga" });
  assert.deepEqual(tip.built, ["child"]);
  const orders = [
    ["main", "staging-9.2", "staging"],
    ["staging", "staging-9.2", "main"],
  ] as const;
  for (const order of orders) {
    for (const tag of ["latest", "staging-9-2"]) forget(tag);
    const said: Record<string, string> = {};
    for (const branch of order) {
      const pipeline = startPipeline(world, up, { branch, user: "olga" });
      said[branch] = await pipeline.promote();
    }
    const both = [promoted("latest"), promoted("staging-9-2")];
    assert.deepEqual(both, [tip.ran, stable.ran], order.join());
    const isLate = order.indexOf("staging") > order.indexOf("main");
    assert.deepEqual(said, {
      main: isLate ? "latest: moved on 4 images\n" : "latest: moved on 1 image\n",
      "staging-9.2": "staging-9-2: moved on 4 images\n",
      staging: isLate
        ? `latest: left alone, it is at ${commits.main}, which is newer than this commit\n`
        : "latest: moved on 4 images\n",
    });
  }
});

test("a pipeline that ends after a newer one changes nothing and says so, and reruns are harmless", async () => {
  const old = await up.commit("main", { "ci/alone.list": "gcc 15\n" });
  const pipeline = startPipeline(world, up, { user: "olga" });
  const plan = await pipeline.plan();
  await pipeline.build();
  const oldRan = await pipeline.consume();
  // More commits than a runner's clone has, so that git must fetch history to compare.
  await up.idle("main", 25);
  const head = await up.commit("main", { "ci/alone.list": "gcc 16\n" });
  const newer = await live(world, up, { user: "olga" });
  assert.deepEqual([newer.built, newer.promoted], [["alone"], "latest: moved on 1 image\n"]);
  assert.deepEqual(promoted("latest"), newer.ran);
  assert.notEqual(oldRan["alone"], newer.ran["alone"]);

  const nothing = await quiet(plan, async () => {
    assert.deepEqual(await pipeline.consume(), oldRan);
    const told = `latest: left alone, it is at ${head}, which is newer than this commit\n`;
    assert.equal(await pipeline.promote(), told);
  });
  assert.deepEqual(nothing, []);
  assert.notEqual(old, head);
  const again = await live(world, up, { user: "olga" });
  assert.deepEqual([again.built, again.ran, again.written], [[], newer.ran, []]);
  assert.equal(again.promoted, "latest: already here\n");
  // All jobs of the old pipeline once more: the set's record says again what it said.
  const rerun = await quiet(plan, async () => {
    await pipeline.build();
    await pipeline.promote();
  });
  assert.deepEqual(rerun, ["acme/tools/berth: set"]);
  assert.deepEqual([await pipeline.consume(), promoted("latest")], [oldRan, newer.ran]);
});

/** The tags that came to be or moved while something ran. */
async function quiet(plan: Plan, work: () => Promise<void>): Promise<readonly string[]> {
  const before = momentOf(world);
  await work();
  return tagsWritten(world, before, plan);
}
