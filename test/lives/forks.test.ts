import assert from "node:assert/strict";
import { test } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import { forkOf } from "./actor.ts";
import { allWritten, imageNames } from "./files.ts";
import { live } from "./life.ts";
import { manifestBytes, tagged } from "./look.ts";
import { startPipeline } from "./pipeline.ts";
import { openScene } from "./scene.ts";

const { world, up, first } = await openScene();

test("upstream's first pipeline builds every image, and later ones in it nothing", async () => {
  assert.deepEqual(first.built, imageNames);
  assert.deepEqual(first.written, [
    "acme/tools/berth: latest set",
    ...allWritten("acme/tools", "built cache key latest layers set"),
  ]);
  assert.equal(first.promoted, "latest: moved on 4 images\n");
  await up.commit("main", { "main.c": "int main(void) { return 1; }\n" });
  const second = await live(world, up, { user: "olga" });
  assert.deepEqual([second.built, second.ran, second.uploads], [[], first.ran, []]);
  assert.deepEqual(second.written, ["acme/tools/berth: latest"]);
  assert.equal(second.promoted, "latest: moved on 0 images\n");
});

test("a fork without a change of images runs on upstream's and stores nothing (digest)", async () => {
  const fork = await forkOf(world, up, "jane");
  await fork.commit("topic", { "main.c": "int main(void) { return 2; }\n" });
  const life = await live(world, fork, { branch: "topic" });
  assert.deepEqual([life.built, life.ran], [[], first.ran]);
  assert.deepEqual([life.written, life.uploads, life.downloads], [[], [], []]);
  assert.equal(life.pushed, 0);
  assert.deepEqual(life.asked, [`GET /v2/acme/tools/berth/manifests/${first.plan.set.tag}`]);
  assert.ok(world.gitlab.created.has("acme/tools/berth"));
  assert.ok([...world.gitlab.created].every((path) => !path.startsWith(fork.project.path)));
});

test("a fork without a change of images mounts upstream's (own-tag)", async () => {
  const fork = await forkOf(world, up, "jane-own-tag");
  await fork.commit("topic", { "main.c": "int main(void) { return 3; }\n" });
  const start = { branch: "topic", reference: "own-tag" } as const;
  const life = await live(world, fork, start);
  assert.deepEqual([life.built, life.ran], [[], first.ran]);
  assert.deepEqual(life.written, [
    "jane-own-tag/tools/berth: set",
    ...allWritten("jane-own-tag/tools", "key set"),
  ]);
  assert.deepEqual([life.uploads, life.downloads], [[], []]);
  // Manifests once for each tag, and not one byte else.
  assert.equal(life.pushed, await manifestBytes(world, fork));
  const again = await live(world, fork, start);
  assert.deepEqual([again.built, again.ran, again.written, again.pushed], [[], first.ran, [], 0]);
});

for (const [reference, others] of [
  ["digest", []],
  ["own-tag", ["base: key set", "child: key set", "rust: key set"]],
] as const) {
  const where = others.length === 0 ? "stays alone" : "has the others mounted beside it";
  test(`the one image that a fork changed ${where} (${reference})`, async () => {
    const fork = await forkOf(world, up, `kim-${reference}`);
    await fork.commit("topic", { "ci/alone.list": "clang\n" });
    const life = await live(world, fork, { branch: "topic", reference });
    assert.deepEqual(life.built, ["alone"]);
    const { path } = fork.project;
    const made = `alone: built cache key layers${others.length === 0 ? "" : " set"}`;
    assert.deepEqual(life.written, [
      `${path}/berth: set`,
      ...[made, ...others].map((line) => `${path}/qemu/${line}`),
    ]);
    assert.deepEqual(life.uploads, [`${path}/berth`, `${path}/qemu/alone`]);
    assert.deepEqual({ ...life.ran, alone: first.ran["alone"] }, first.ran);
    assert.notEqual(life.ran["alone"], first.ran["alone"]);
    const key = life.plan.images.find(({ name }) => name === "alone")?.key;
    assert.equal(life.ran["alone"], tagged(world, `${path}/qemu/alone`, ownTags.key(key ?? "")));
    const again = await live(world, fork, { branch: "topic", reference });
    assert.deepEqual([again.built, again.ran, again.written, again.pushed], [[], life.ran, [], 0]);
  });
}

test("two branches of a fork, interleaved, each run in their own images", async () => {
  const fork = await forkOf(world, up, "lea");
  await fork.commit("red", { "ci/alone.list": "red\n" });
  await fork.commit("blue", { "ci/alone.list": "blue\n" });
  for (const reference of ["digest", "tag"] as const) {
    const one = startPipeline(world, fork, { branch: "red", reference });
    const other = startPipeline(world, fork, { branch: "blue", reference });
    const plans = [await one.plan(), await other.plan()];
    await Promise.all([other.build(), one.build()]);
    const ran = [await one.consume(), await other.consume()];
    const own = plans.map(({ images }) =>
      tagged(world, "lea/tools/qemu/alone", images.find(({ name }) => name === "alone")?.tag ?? ""),
    );
    assert.deepEqual(
      ran.map(({ alone }) => alone),
      own,
    );
    assert.notEqual(own[0], own[1]);
    assert.deepEqual({ ...ran[0], alone: "" }, { ...ran[1], alone: "" });
  }
});

test("two branches with the same change at the same time end in one image", async () => {
  const fork = await forkOf(world, up, "max");
  for (const branch of ["one", "two"]) await fork.commit(branch, { "ci/alone.list": "same\n" });
  const pipelines = ["one", "two"].map((branch) => startPipeline(world, fork, { branch }));
  for (const pipeline of pipelines) await pipeline.plan();
  await Promise.all(pipelines.map((pipeline) => pipeline.build()));
  const [one, two] = await Promise.all(pipelines.map((pipeline) => pipeline.consume()));
  assert.deepEqual(one, two);
});

test("a fork that may not read a private upstream builds, says why, and reuses once it is let in", async () => {
  const fork = await forkOf(world, up, "nina");
  await fork.commit("topic", { "main.c": "int main(void) { return 4; }\n" });
  up.project.visibility = "private";
  up.project.members.set("nina", "reporter");
  try {
    const alone = await live(world, fork, { branch: "topic" });
    assert.deepEqual(alone.built, imageNames);
    assert.deepEqual(
      alone.uploads.filter((path) => !path.startsWith("nina/")),
      [],
    );
    assert.ok(Object.entries(alone.ran).every(([name, digest]) => digest !== first.ran[name]));
    assert.match(alone.output, /acme\/tools may not be read .*; its images are built here instead/);
    assert.match(alone.output, /allow this project's job tokens .*Job token permissions/);
    assert.doesNotMatch(alone.output, /may not be pushed/);
    up.project.allowed.add(fork.project.id);
    const allowed = await live(world, fork, { branch: "topic" });
    assert.deepEqual([allowed.built, allowed.ran, allowed.written], [[], first.ran, []]);
  } finally {
    up.project.visibility = "public";
  }
});
