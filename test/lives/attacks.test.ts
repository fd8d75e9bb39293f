import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import { forkOf, openRequest } from "./actor.ts";
import { annotationsAt, poisoned, poisonWith, pushPoison, pushRecord } from "./attack.ts";
import { projectFiles } from "./files.ts";
import { live, manifestsAsked } from "./life.ts";
import { momentOf, tagged, tagsWritten } from "./look.ts";
import { startPipeline } from "./pipeline.ts";
import { type Scene, startScene } from "./scene.ts";

let scene: Scene;
before(async () => {
  scene = await startScene();
  rule();
});
after(() => scene?.world.stop());

/** The rule that docs/trust.md gives. */
function rule(): void {
  const pattern = "^((key|set)\\d*-|cache\\d*$|promote-|latest$|staging(-|$)|[0-9a-f]{64}$)";
  scene.up.project.tagRules.push({ pattern, push: "maintainer", delete: "maintainer" });
}

const names = ["alone", "base", "child", "rust"];

/** A fork with a change, its merge request, and a job of it that a developer started in upstream. */
async function attacked(owner: string) {
  const { world, up } = scene;
  const fork = await forkOf(world, up, owner);
  await fork.pull(up, "main");
  await fork.commit("topic", { "ci/alone.list": `${owner}\n` }, "main");
  const request = await openRequest(world, fork, "topic", up);
  const plan = await startPipeline(world, fork, { branch: "topic" }).plan();
  const key = plan.images.find(({ name }) => name === "alone")?.key ?? "";
  const job = world.gitlab.job(up.project, { request, user: "dave" });
  return { fork, request, plan, key, job };
}

test("the rule keeps a merge request's token from every tag that trusted pipelines believe", async () => {
  const { world } = scene;
  const { plan, key, job } = await attacked("mallory");
  const path = "acme/tools/qemu/alone";
  const layer = [...(world.gitlab.registry.tags.get(path)?.keys() ?? [])].find((tag) =>
    /^[0-9a-f]{64}$/.test(tag),
  );
  assert.ok(layer);
  const set = plan.set.id;
  const before = momentOf(world);
  for (const tag of [
    ownTags.key(key),
    ownTags.set(set),
    ownTags.cache,
    layer,
    "a".repeat(64),
    "latest",
  ])
    assert.equal(await pushPoison(world, job, path, tag), false, tag);
  assert.equal(await pushRecord(world, job, "acme/tools", set, names), false);
  assert.deepEqual(tagsWritten(world, before, plan), []);
  for (const tag of [`try-${ownTags.key(key)}`, `try-${ownTags.built}`, `try-${ownTags.set(set)}`])
    assert.equal(await pushPoison(world, job, path, tag), true, tag);
  assert.equal(
    await pushRecord(world, job, "acme/tools", set, names, `try-${ownTags.set(set)}`),
    true,
  );
});

test("a poisoned try- tag that claims an honest job is of no account after the merge", async () => {
  const { world, up, first } = scene;
  const { fork, request, key, job } = await attacked("mike");
  const path = "acme/tools/qemu/alone";
  const honest = await live(world, up, { request, user: "dave" });
  assert.deepEqual(honest.built, ["alone"]);
  const poison = poisonWith(await annotationsAt(world, job, path, `try-${ownTags.key(key)}`));
  const { digest } = poison.manifest.descriptor;
  assert.ok(await pushPoison(world, job, path, `try-${ownTags.key(key)}`, poison));
  // All that it reaches are others of its kind: this merge request's pipelines in upstream.
  const own = await live(world, up, { request, user: "dave" });
  assert.equal(own.ran["alone"], digest);

  await up.merge("main", { bare: fork.bare, sha: fork.head("topic") });
  const merged = await live(world, up, { user: "olga" });
  assert.deepEqual(merged.built, ["alone"]);
  assert.ok(![digest, honest.ran["alone"]].includes(merged.ran["alone"] ?? ""));
  assert.deepEqual({ ...merged.ran, alone: first.ran["alone"] }, first.ran);
  for (const tag of [ownTags.key(key), "latest"])
    assert.equal(tagged(world, path, tag), merged.ran["alone"]);
  assert.deepEqual(manifestsAsked(merged, /try-/), []);
  // Once upstream has the image, the merge request's pipelines run in that as well.
  const later = await live(world, up, { request, user: "dave" });
  assert.deepEqual(later.ran, merged.ran);
});

test("what a fork's owner puts into the fork's registry reaches no pipeline but the fork's own", async () => {
  const { world, up } = scene;
  const { fork, request, plan, key } = await attacked("eve");
  const job = world.gitlab.job(fork.project);
  for (const name of names) {
    const planned = plan.images.find((image) => image.name === name);
    assert.ok(
      await pushPoison(world, job, `eve/tools/qemu/${name}`, ownTags.key(planned?.key ?? "")),
    );
  }
  assert.ok(await pushRecord(world, job, "eve/tools", plan.set.id, names));
  assert.equal(
    await pushPoison(world, job, "acme/tools/qemu/alone", `try-${ownTags.key(key)}`),
    false,
  );

  const own = await live(world, fork, { branch: "topic" });
  assert.equal(own.ran["alone"], poisoned);
  const inUpstream = await live(world, up, { request, user: "dave" });
  await up.merge("main", { bare: fork.bare, sha: fork.head("topic") });
  const merged = await live(world, up, { user: "olga" });
  const friend = await forkOf(world, up, "friend");
  const friends = await live(world, friend);
  for (const life of [inUpstream, merged, friends]) {
    assert.ok(!Object.values(life.ran).includes(poisoned));
    assert.deepEqual(manifestsAsked(life, /\/v2\/eve\//), []);
  }
  assert.deepEqual(inUpstream.built, ["alone"]);
  // What the untrusted pipeline built is built again by one that may be believed.
  assert.deepEqual([merged.built, friends.ran], [["alone"], merged.ran]);
});

test("a merge request whose berth.yml names its own fork as upstream leaves nothing that trusted pipelines read", async () => {
  const { world, up } = scene;
  const { fork, request, key } = await attacked("trudy");
  const job = world.gitlab.job(fork.project);
  assert.ok(await pushPoison(world, job, "trudy/tools/qemu/alone", ownTags.key(key)));
  // What the repository calls upstream stays upstream whatever a variable says.
  const variables = { QEMU_CI_UPSTREAM: "trudy/tools" };
  const deaf = await live(world, up, { request, user: "dave", variables });
  assert.notEqual(deaf.ran["alone"], poisoned);

  const config = projectFiles(world.bases)["berth.yml"]?.replace("acme/tools", "trudy/tools") ?? "";
  await fork.commit("evil", { "berth.yml": config, "ci/alone.list": "trudy 2\n" }, "topic");
  const evil = await openRequest(world, fork, "evil", up);
  const plan = await startPipeline(world, up, { request: evil, user: "dave" }).plan();
  const alone = plan.images.find(({ name }) => name === "alone");
  assert.ok(await pushPoison(world, job, "trudy/tools/qemu/alone", ownTags.key(alone?.key ?? "")));
  const own = await live(world, up, { request: evil, user: "dave", reference: "own-tag" });
  assert.equal(own.ran["alone"], poisoned);
  const written = own.written.flatMap((line) => line.split(": ")[1]?.split(" ") ?? []);
  assert.deepEqual([...new Set(written)].sort(), ["try-key", "try-set"]);

  await up.commit("main", { "ci/alone.list": "trudy 2\n" });
  const merged = await live(world, up, { user: "olga" });
  assert.deepEqual(merged.built, ["alone"]);
  assert.ok(!Object.values(merged.ran).includes(poisoned));
});

test("a pipeline of a member who is no maintainer is refused by the rule and changes no image that others use", async () => {
  const { world, up } = scene;
  await up.commit("feature", { "ci/alone.list": "feature\n" });
  const before = { ...(await live(world, up, { user: "olga" })).ran };
  await assert.rejects(live(world, up, { branch: "feature", user: "dave" }), /REGISTRY_DENIED/);
  const after = await live(world, up, { user: "olga" });
  assert.deepEqual([after.built, after.ran], [[], before]);
});

test("without the rule a merge request's token can put a key- tag, a layer or a record, and berth does not notice", async () => {
  const { world, up } = scene;
  up.project.tagRules.length = 0;
  try {
    const { fork, plan, key, job } = await attacked("walter");
    const path = "acme/tools/qemu/alone";
    for (const tag of [ownTags.key(key), ownTags.cache, "b".repeat(64)])
      assert.equal(await pushPoison(world, job, path, tag), true, tag);
    assert.equal(await pushRecord(world, job, "acme/tools", "c".repeat(64), names), true);
    await up.merge("main", { bare: fork.bare, sha: fork.head("topic") });
    const merged = startPipeline(world, up, { user: "olga" });
    const { images } = await merged.plan();
    assert.equal(images.find(({ name }) => name === "alone")?.decision.kind, "reuse");
    assert.equal((await merged.consume())["alone"], poisoned);
    assert.equal(plan.images.length, names.length);
  } finally {
    rule();
  }
});
