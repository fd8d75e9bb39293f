/** What a fork runs on when upstream's images or the fork's own idea of upstream change, while its set stays the same. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { digestOf, type Flow, flowTime, hoursLater, planOf, run } from "../support/flow.ts";
import { type Job, openProjects } from "../support/projects.ts";

const upstream = "qemu-project/qemu";
const fork = "alice/qemu";
const dockerfiles = { x: "FROM scratch\nRUN x\n", y: "FROM scratch\nRUN y\n" };
const changed = { ...dockerfiles, y: "FROM scratch\nRUN y in alice's fork\n" };

describe("a fork whose set stays the same", async () => {
  const projects = await openProjects();
  const { memory } = projects;
  const job = (project: string, change: Job = {}) =>
    projects.job(project, { dockerfiles, now: flowTime, ...change });
  const ofPipeline = (id: number, hours: number, settings = {}, more: Job = {}): Job => ({
    settings,
    now: hoursLater(hours),
    ...more,
    env: { CI_PIPELINE_ID: String(id), ...more.env },
  });
  const plannedAt = ({ images }: Plan, name: string) => {
    const decision = images.find((image) => image.name === name)?.decision;
    return decision?.kind === "reuse" || decision?.kind === "copy" ? decision.digest : undefined;
  };
  const tagged = (name: string, tag: string) => projects.tagged(`${fork}/${name}`, tag);
  const forced = { env: { QEMU_CI_FORCE_REBUILD: "1" } };
  /** Upstream refreshes all its images and promotes that. */
  const refresh = async (): Promise<Flow> => {
    const refreshed = await run(job(upstream, ofPipeline(200, 1, {}, forced)));
    await projects.promote(upstream, refreshed, { now: hoursLater(2) });
    return refreshed;
  };

  for (const reference of ["own-tag", "tag"] as const)
    test(`and is all in its own registry (${reference}) takes over what upstream has refreshed`, async () => {
      await run(job(upstream));
      const settings = { reference };
      const more = { dockerfiles: changed };
      const first = await run(job(fork, ofPipeline(300, 1, settings, more)));
      const refreshed = await refresh();
      const soon = await planOf(job(fork, ofPipeline(301, 3, settings, more)));
      assert.equal(plannedAt(soon.plan, "x"), digestOf(first, "x"), "a young record is believed");
      const later = await run(job(fork, ofPipeline(302, 23, settings, more)));
      assert.deepEqual(later.built, []);
      assert.equal(digestOf(later, "x"), digestOf(refreshed, "x"));
      assert.equal(digestOf(later, "y"), digestOf(first, "y"));
      const { id, tag } = later.plan.set;
      assert.equal(later.plan.variables["QEMU_CI_CONTAINER_TAG"], tag);
      for (const name of ["x", "y"]) assert.equal(tagged(name, tag), digestOf(later, name));
      assert.equal(tagged("x", ownTags.set(id)), digestOf(first, "x"), "a set's tag never moves");
      memory.log.length = 0;
      const { plan } = await planOf(job(fork, ofPipeline(303, 24, settings, more)));
      assert.deepEqual([plannedAt(plan, "x"), plan.set.tag], [digestOf(refreshed, "x"), tag]);
      assert.ok(memory.log.length <= 2, memory.log.join("\n"));
    });

  test("and has lost an image builds that, and has both under the tag that its jobs were told", async () => {
    const settings = { reference: "own-tag" } as const;
    const more = { dockerfiles: changed };
    await run(job(upstream));
    const first = await run(job(fork, ofPipeline(300, 1, settings, more)));
    const refreshed = await refresh();
    memory.repositories.delete(`${fork}/y`);
    const later = await run(job(fork, ofPipeline(302, 23, settings, more)));
    assert.deepEqual(later.built, ["y"]);
    assert.notEqual(digestOf(later, "y"), digestOf(first, "y"));
    for (const name of ["x", "y"])
      assert.equal(tagged(name, later.plan.set.tag), digestOf(later, name), name);
    const { plan } = await planOf(job(fork, ofPipeline(303, 24, settings, more)));
    const digests = ["x", "y"].map((name) => plannedAt(plan, name));
    assert.deepEqual(digests, [digestOf(refreshed, "x"), digestOf(later, "y")]);
  });

  test("and names upstream's images takes over what upstream has refreshed", async () => {
    await run(job(upstream));
    const first = await run(job(fork, ofPipeline(300, 1, {}, { dockerfiles: changed })));
    const refreshed = await refresh();
    const later = await run(job(fork, ofPipeline(302, 23, {}, { dockerfiles: changed })));
    const digests = ["x", "y"].map((name) => digestOf(later, name));
    assert.deepEqual(digests, [digestOf(refreshed, "x"), digestOf(first, "y")]);
    memory.log.length = 0;
    const { plan } = await planOf(job(fork, ofPipeline(303, 24, {}, { dockerfiles: changed })));
    assert.equal(plannedAt(plan, "x"), digestOf(refreshed, "x"));
    // Both records, and x in upstream.
    assert.equal(memory.log.length, 3);
  });

  test("and is all upstream's has nothing to promote, if it is still there", async () => {
    await run(job(upstream));
    const plain = await planOf(job(fork));
    await run(job(fork, ofPipeline(300, 1, { reference: "own-tag" })));
    await refresh();
    // An own record that is older than what upstream has by now.
    const recorded = await planOf(job(fork, ofPipeline(301, 23)));
    for (const { plan } of [plain, recorded]) {
      memory.log.length = 0;
      const moved = await projects.promote(fork, { plan });
      assert.deepEqual(moved, { kind: "upstream's", tag: "latest" });
      assert.deepEqual(projects.puts(), []);
    }
    memory.repositories.get(`${upstream}/x`)?.manifests.clear();
    await assert.rejects(projects.promote(fork, plain), { code: "SET_INCOMPLETE" });
  });

  test("and meets an image that upstream's young record names and that is gone is told what builds it, which does", async () => {
    await run(job(upstream));
    memory.repositories.get(`${upstream}/x`)?.manifests.clear();
    const tagged = { env: { QEMU_CI_CONTAINER_TAG: "mine" } };
    await assert.rejects(run(job(fork, tagged)), {
      code: "SET_INCOMPLETE",
      hint: /^upstream's record \S+\/qemu\/berth:set2-\w+ names it.* with QEMU_CI_FORCE_REBUILD, and/,
    });
    for (const [id, reference] of [
      [400, "digest"],
      [401, "own-tag"],
    ] as const) {
      const forcing = { env: { QEMU_CI_FORCE_REBUILD: "x" } };
      const { built, published } = await run(job(fork, ofPipeline(id, 0, { reference }, forcing)));
      assert.deepEqual([built, published?.missing], [["x"], []]);
    }
  });

  test("copies what upstream has today where an edit makes its set another one", async () => {
    const settings = { reference: "own-tag" } as const;
    await run(job(upstream));
    await run(job(fork, ofPipeline(300, 1, settings)));
    const refreshed = await refresh();
    const edited = await run(job(fork, ofPipeline(301, 3, settings, { dockerfiles: changed })));
    assert.deepEqual(edited.built, ["y"]);
    assert.equal(digestOf(edited, "x"), digestOf(refreshed, "x"));
    memory.log.length = 0;
    const again = { ...changed, y: "FROM scratch\nRUN y once more\n" };
    await run(job(fork, ofPipeline(302, 4, settings, { dockerfiles: again })));
    const mounts = memory.log.filter((line) => line.includes("mount="));
    const copied = mounts.filter((line) => line.includes(`/${fork}/x/`));
    assert.deepEqual(copied, [], "what is there already is not copied");
  });

  test("that only merge requests know upstream of pays once for what they find", async () => {
    const auto = { settings: { upstream: "auto" }, dockerfiles: changed };
    const request = {
      CI_MERGE_REQUEST_IID: "7",
      CI_MERGE_REQUEST_PROJECT_PATH: upstream,
      CI_PROJECT_ID: "2",
      CI_MERGE_REQUEST_PROJECT_ID: "1",
      CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "2",
      CI_COMMIT_BRANCH: "",
    };
    await run(job(upstream));
    const branch = await run(job(fork, auto));
    assert.deepEqual(
      branch.built.toSorted(),
      ["x", "y"],
      "nothing tells a branch's pipeline of upstream",
    );
    const merge = await run(job(fork, { ...auto, env: request }));
    assert.notEqual(merge.plan.set.id, branch.plan.set.id);
    assert.deepEqual(merge.built, []);
    memory.log.length = 0;
    const { plan } = await planOf(job(fork, { ...auto, env: request }));
    assert.notEqual(plan.set.record, null);
    // Both records, and x in upstream.
    assert.equal(memory.log.length, 3);
  });
});
