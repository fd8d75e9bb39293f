import assert from "node:assert/strict";
import { test } from "node:test";
import { forkOf } from "./actor.ts";
import { allWritten, imageNames } from "./files.ts";
import { live } from "./life.ts";
import { tagged } from "./look.ts";
import { openScene } from "./scene.ts";

const { world, up, first } = await openScene();

const tag = "my-tag";

for (const reference of ["digest", "tag", "own-tag"] as const) {
  test(`a tag that a user sets is used as it is, in upstream and in a fork (${reference})`, async () => {
    const variables = { QEMU_CI_CONTAINER_TAG: `${tag}-${reference}` };
    const here = await live(world, up, { user: "olga", reference, variables });
    assert.deepEqual([here.built, here.ran, here.uploads], [[], first.ran, []]);
    assert.deepEqual(here.written, allWritten("acme/tools", `${tag}-${reference}`));

    const fork = await forkOf(world, up, `jane-${reference}`);
    await fork.commit("topic", { "main.c": "int main(void) { return 2; }\n" });
    const start = { branch: "topic", reference, variables };
    const life = await live(world, fork, start);
    const { path } = fork.project;
    assert.deepEqual([life.built, life.ran, life.uploads], [[], first.ran, []]);
    const copied = allWritten(path, `key ${tag}-${reference} set`);
    // With a variable for each image jobs go by digest and need no tag, so nothing is copied for one.
    const byDigest = reference === "digest";
    assert.deepEqual(life.written, byDigest ? [] : [`${path}/berth: set`, ...copied]);

    await fork.commit("topic", { "ci/alone.list": `${reference}\n` });
    const changed = await live(world, fork, start);
    assert.deepEqual(changed.built, ["alone"]);
    assert.notEqual(changed.ran["alone"], first.ran["alone"]);
    if (!byDigest)
      assert.equal(
        changed.ran["alone"],
        tagged(world, `${path}/qemu/alone`, `${tag}-${reference}`),
      );
    assert.deepEqual({ ...changed.ran, alone: first.ran["alone"] }, first.ran);
  });
}

test("a tag of a user's own is moved by the next one who gives it", async () => {
  const start = {
    user: "olga",
    reference: "tag",
    variables: { QEMU_CI_CONTAINER_TAG: "shared" },
  } as const;
  const before = await live(world, up, start);
  assert.equal(tagged(world, "acme/tools/qemu/alone", "shared"), before.ran["alone"]);
  await up.commit("theirs", { "ci/alone.list": "theirs\n" }, "main");
  const next = await live(world, up, { ...start, branch: "theirs" });
  assert.deepEqual(next.built, ["alone"]);
  assert.notEqual(next.ran["alone"], first.ran["alone"]);
  assert.equal(tagged(world, "acme/tools/qemu/alone", "shared"), next.ran["alone"]);
});

test("a fork that names itself upstream plays it in its own registry, and only reads the real one", async () => {
  const fork = await forkOf(world, up, "kim");
  const variables = { QEMU_CI_UPSTREAM: "kim" };
  const same = await live(world, fork, { variables });
  assert.deepEqual([same.built, same.ran, same.written], [[], first.ran, []]);
  assert.equal(same.promoted, "latest: nothing to move, all images are upstream's\n");

  await fork.commit("main", { "ci/child.list": "kim\n" });
  const life = await live(world, fork, { variables, reference: "own-tag" });
  assert.deepEqual(life.built, ["child"]);
  assert.deepEqual(life.written, [
    "kim/tools/berth: claim latest set",
    "kim/tools/qemu/alone: key latest set",
    "kim/tools/qemu/base: key latest set",
    "kim/tools/qemu/child: built cache key latest layers set",
    "kim/tools/qemu/rust: key latest set",
  ]);
  assert.equal(life.promoted, "latest: moved on 4 images\n");
  assert.deepEqual({ ...life.ran, child: first.ran["child"] }, first.ran);
  assert.equal(tagged(world, "kim/tools/qemu/child", "latest"), life.ran["child"]);
  const { child } = first.ran;
  assert.equal(tagged(world, "acme/tools/qemu/child", "latest"), child);
});

test("FORCE_REBUILD builds everything, or the images named with what stands on them, and a fork's stay its own", async () => {
  const all = await live(world, up, { user: "olga", variables: { QEMU_CI_FORCE_REBUILD: "1" } });
  assert.deepEqual(all.built, imageNames);
  for (const name of imageNames) assert.notEqual(all.ran[name], first.ran[name]);
  const next = await live(world, up, { user: "olga" });
  assert.deepEqual([next.built, next.ran], [[], all.ran]);

  const fork = await forkOf(world, up, "lea");
  const variables = { QEMU_CI_FORCE_REBUILD: "base" };
  for (const reference of ["digest", "tag"] as const) {
    const forced = await live(world, fork, { branch: "main", reference, variables });
    assert.deepEqual(forced.built, ["base", "child"]);
    assert.deepEqual(
      [forced.ran["alone"], forced.ran["rust"]],
      [all.ran["alone"], all.ran["rust"]],
    );
    assert.ok(forced.written.every((line) => line.startsWith("lea/tools/")));
    const usual = await live(world, fork, { branch: "main", reference });
    assert.deepEqual([usual.built, usual.ran, usual.uploads], [[], all.ran, []]);
  }
});
