import assert from "node:assert/strict";
import { test } from "node:test";
import { protectedPaths } from "../../src/doctor/protect.ts";
import { ownTags } from "../../src/image/key.ts";
import { forkOf, openRequest } from "./actor.ts";
import { annotationsAt, poisoned, poisonWith, pushPoison, pushRecord } from "./attack.ts";
import { imageNames, projectFiles } from "./files.ts";
import { live, manifestsAsked } from "./life.ts";
import { tagged } from "./look.ts";
import { startPipeline } from "./pipeline.ts";
import { openScene } from "./scene.ts";

const { world, up, first } = await openScene();
// The rules that docs/trust.md gives.
for (const pattern of protectedPaths("acme/tools", { repository: "qemu/{name}" }, []))
  up.project.repositoryRules.push({ pattern, push: "maintainer" });

/** A fork with a change, its merge request, and a job of it that a developer started in upstream. */
async function attacked(owner: string) {
  const fork = await forkOf(world, up, owner);
  await fork.pull(up, "main");
  await fork.commit("topic", { "ci/alone.list": `${owner}\n` }, "main");
  const request = await openRequest(world, fork, "topic", up);
  const plan = await startPipeline(world, fork, { branch: "topic" }).plan();
  const key = plan.images.find(({ name }) => name === "alone")?.key ?? "";
  const job = world.gitlab.job(up.project, { request, user: "dave" });
  return { fork, request, plan, key, job };
}

test("what somebody puts into a fork's registry or below try reaches nobody after the merge", async () => {
  const { fork, request, plan, key, job: inUpstream } = await attacked("eve");
  const inFork = world.gitlab.job(fork.project);
  for (const name of imageNames) {
    const planned = plan.images.find((image) => image.name === name);
    const tag = ownTags.key(planned?.key ?? "");
    assert.ok(await pushPoison(world, inFork, `eve/tools/qemu/${name}`, tag));
  }
  assert.ok(await pushRecord(world, inFork, "eve/tools", plan.set.id, imageNames));
  const forks = await live(world, fork, { branch: "topic" });
  assert.equal(forks.ran["alone"], poisoned);

  const honest = await live(world, up, { request, user: "dave" });
  assert.deepEqual(honest.built, ["alone"]);
  const path = "acme/tools/try/alone";
  const poison = poisonWith(await annotationsAt(world, inUpstream, path, ownTags.key(key)));
  const { digest } = poison.manifest.descriptor;
  assert.ok(await pushPoison(world, inUpstream, path, ownTags.key(key), poison));
  assert.ok(await pushRecord(world, inUpstream, "acme/tools/try", honest.plan.set.id, ["alone"]));
  // All that it reaches are others of its kind: such pipelines of upstream.
  const tried = await live(world, up, { request, user: "dave" });
  assert.equal(tried.ran["alone"], digest);

  await up.merge("main", { bare: fork.bare, sha: fork.head("topic") });
  const merged = await live(world, up, { user: "olga" });
  // What the untrusted pipeline built is built again by one that may be believed.
  assert.deepEqual(merged.built, ["alone"]);
  const strange = [poisoned, digest, honest.ran["alone"]];
  assert.ok(!strange.includes(merged.ran["alone"] ?? ""));
  assert.deepEqual({ ...merged.ran, alone: first.ran["alone"] }, first.ran);
  for (const tag of [ownTags.key(key), "latest"])
    assert.equal(tagged(world, "acme/tools/qemu/alone", tag), merged.ran["alone"]);
  const friend = await live(world, await forkOf(world, up, "frieda"));
  for (const life of [merged, friend]) assert.deepEqual(manifestsAsked(life, /\/try\//), []);
  for (const life of [honest, tried, merged, friend])
    assert.deepEqual(manifestsAsked(life, /\/v2\/eve\//), []);
  assert.deepEqual(friend.ran, merged.ran);
});

test("a merge request whose berth.yml names its own fork as upstream leaves nothing that trusted pipelines read", async () => {
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
  const own = await live(world, up, { request: evil, user: "dave", reference: "tag" });
  assert.equal(own.ran["alone"], poisoned);
  for (const line of own.written) assert.match(line, /^acme\/tools\/try\//);

  await up.commit("main", { "ci/alone.list": "trudy 2\n" });
  const merged = await live(world, up, { user: "olga" });
  assert.deepEqual(merged.built, ["alone"]);
  assert.ok(!Object.values(merged.ran).includes(poisoned));
});

test("a pipeline of a member who is no maintainer is untrusted, and changes no image that others use", async () => {
  await up.commit("feature", { "ci/alone.list": "feature\n" });
  const before = { ...(await live(world, up, { user: "olga" })).ran };
  const member = await live(world, up, { branch: "feature", user: "dave" });
  assert.deepEqual(member.built, ["alone"]);
  for (const line of member.written) assert.match(line, /^acme\/tools\/try\//);
  assert.match(member.output, /untrusted run \(.*403 DENIED: Pushing to protected repository path/);
  assert.deepEqual({ ...member.ran, alone: before["alone"] }, before);
  const again = await live(world, up, { branch: "feature", user: "dave" });
  assert.deepEqual([again.built, again.ran, again.written], [[], member.ran, []]);
  const after = await live(world, up, { user: "olga" });
  assert.deepEqual([after.built, after.ran], [[], before]);
});

for (const reference of ["digest", "tag"] as const)
  test(`a member's pipeline of a set that nobody has recorded, whose images are all there, needs no right that it lacks (${reference})`, async () => {
    const [alone, child] = [`${reference} alone\n`, `${reference} child\n`];
    await up.commit(`${reference}-1`, { "ci/alone.list": alone });
    await up.commit(`${reference}-2`, { "ci/child.list": child });
    const ran = new Map<string, string | undefined>();
    for (const [name, branch] of [
      ["alone", 1],
      ["child", 2],
    ] as const)
      ran.set(
        name,
        (await live(world, up, { branch: `${reference}-${branch}`, user: "olga" })).ran[name],
      );
    const both = `${reference}-both`;
    await up.commit(both, { "ci/alone.list": alone, "ci/child.list": child });
    const member = await live(world, up, { branch: both, user: "dave", reference });
    assert.deepEqual(member.built, []);
    for (const line of member.written) assert.match(line, /^acme\/tools\/try\//);
    for (const [name, digest] of ran) assert.equal(member.ran[name], digest);
  });

test("where a Developer merges, the merge's pipeline builds for itself, and promotes nothing", async () => {
  const latest = tagged(world, "acme/tools/qemu/alone", "latest");
  await up.commit("main", { "ci/alone.list": "merged by dave\n" });
  const merge = await live(world, up, { user: "dave" });
  assert.match(merge.promoted, /an untrusted run moves no tag/);
  assert.equal(tagged(world, "acme/tools/qemu/alone", "latest"), latest);
  const next = await live(world, up, { user: "olga" });
  assert.deepEqual(next.built, ["alone"]);
  assert.notEqual(next.ran["alone"], merge.ran["alone"]);
});

test("whoever sets variables of a pipeline cannot make it more than its token is", async () => {
  await up.commit("loud", { "ci/alone.list": "loud\n" });
  const variables = {
    CI_COMMIT_REF_PROTECTED: "true",
    CI_COMMIT_BRANCH: "main",
    QEMU_CI_CONTAINER_TAG: "release-1",
  };
  const loud = await live(world, up, { branch: "loud", user: "dave", variables });
  for (const line of loud.written) assert.match(line, /^acme\/tools\/try\//);
  // Nor does a tag of the user's own reach what others run.
  for (const name of imageNames)
    assert.equal(tagged(world, `acme/tools/qemu/${name}`, "release-1"), undefined);
});

test("without the rules a merge request's token can put a key- tag, a layer or a record, and berth does not notice", async () => {
  const rules = up.project.repositoryRules.splice(0);
  try {
    const { fork, plan, key, job } = await attacked("walter");
    const path = "acme/tools/qemu/alone";
    for (const tag of [ownTags.key(key), ownTags.cache, "b".repeat(64)])
      assert.equal(await pushPoison(world, job, path, tag), true, tag);
    assert.equal(await pushRecord(world, job, "acme/tools", "c".repeat(64), imageNames), true);
    await up.merge("main", { bare: fork.bare, sha: fork.head("topic") });
    const merged = startPipeline(world, up, { user: "olga" });
    const { images } = await merged.plan();
    assert.equal(images.find(({ name }) => name === "alone")?.decision.kind, "reuse");
    assert.equal((await merged.consume())["alone"], poisoned);
    assert.equal(plan.images.length, imageNames.length);
  } finally {
    up.project.repositoryRules.push(...rules);
  }
});
