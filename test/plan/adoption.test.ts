import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { reasonOf } from "../../src/plan/plan.ts";
import { planOf, run } from "../support/flow.ts";
import type { GitLabOptions } from "../support/gitlab-server.ts";
import {
  bothBuilt,
  doubts,
  keep,
  kinds,
  plannedIn,
  type Scene,
  startScene,
} from "./adoption-scene.ts";

describe("after the merge", () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await startScene();
  });
  afterEach(() => scene.gitlab.stop());

  test("upstream takes over what its merge request's pipeline built, and moves no blob", async () => {
    const job = scene.tried();
    const tried = await scene.inline(job);
    assert.deepEqual(tried.built, ["base", "child"]);
    const flow = await scene.merged();
    assert.deepEqual([kinds(flow), flow.built], [{ base: "copy", child: "copy" }, []]);
    assert.deepEqual(doubts(flow), []);
    for (const { name, decision, repository, key } of flow.plan.images) {
      const reason = `adopted: built by job ${job.id} at ${scene.head.slice(0, 12)}`;
      assert.equal(reasonOf(decision), reason);
      const digest = tried.outcomes.find((outcome) => outcome.name === name)?.digest;
      const { path } = parseReference(repository ?? "");
      assert.equal(scene.gitlab.registry.tags.get(path)?.get(ownTags.key(key))?.digest, digest);
    }
    assert.deepEqual(
      flow.outcomes.map(({ result, streamedBytes }) => [result, streamedBytes]),
      [
        ["copied", 0],
        ["copied", 0],
      ],
    );
    const blobs = scene.gitlab.registry.log.filter((line) => !/^HEAD|manifests/.test(line));
    assert.deepEqual(
      blobs.filter((line) => !line.includes("/berth/blobs/")),
      [],
    );
    // One job built both, so it is asked about once; then one outcome for each image.
    const api = scene.gitlab.log.filter((line) => line.includes("/api/"));
    assert.equal(api.length, 3, api.join("\n"));

    const next = scene.gitlab.job(scene.upstream, { user: "olga", sha: scene.head });
    scene.gitlab.log.length = 0;
    scene.gitlab.registry.log.length = 0;
    const again = await planOf(scene.options(next));
    assert.deepEqual(kinds(again), { base: "reuse", child: "reuse" });
    const asked = [...scene.gitlab.registry.log, ...scene.gitlab.log];
    assert.deepEqual(
      asked
        .filter((line) => line !== "GET /v2/")
        .map((line) => line.replace(/[?:].*|set\d+-.*/, "")),
      // The first is told where tokens are.
      [
        "GET /v2/qemu-project/qemu/berth/manifests/",
        "GET /v2/qemu-project/qemu/berth/manifests/",
        "GET /jwt/auth",
      ],
    );
  });

  test("the jobs of a child pipeline prove their images as well", async () => {
    const plan = scene.tried({ name: "berth-plan" });
    const images = await plannedIn(scene, plan);
    plan.finish();
    const builder = scene.tried({ parent: plan.pipeline });
    assert.equal(builder.pipeline.source, "parent_pipeline");
    const env = { CI_PIPELINE_ID: String(plan.pipeline.id) };
    // As `berth build` does, the image names the pipeline that planned it.
    keep(builder, await run(scene.options(builder, {}, env)));
    builder.finish();
    const flow = await scene.merged();
    assert.deepEqual(kinds(flow), { base: "copy", child: "copy" }, doubts(flow).join("\n"));
    assert.equal(images.length, 2);
  });

  test("where no try- tag is there, GitLab is asked nothing", async () => {
    const flow = await scene.merged();
    assert.deepEqual([kinds(flow), doubts(flow)], [bothBuilt, []]);
    assert.deepEqual(
      scene.gitlab.log.filter((line) => line.includes("/api/")),
      [],
    );
  });

  test("what another pipeline has put under the key meanwhile stays", async () => {
    const tried = await scene.inline();
    const { plan } = await planOf(
      scene.options(scene.gitlab.job(scene.upstream, { sha: scene.head })),
    );
    assert.deepEqual(kinds({ plan }), { base: "copy", child: "copy" });
    const other = await scene.merged({ QEMU_CI_FORCE_REBUILD: "1" });
    const taken = other.outcomes.map(({ digest }) => digest);
    assert.ok(tried.outcomes.every(({ digest }) => !taken.includes(digest)));
    const { copyImage } = await import("../../src/execute/copy.ts");
    const job = scene.gitlab.job(scene.upstream, { user: "olga" });
    for (const image of plan.images) {
      assert.equal(image.decision.kind, "copy");
      const from = image.decision.kind === "copy" ? image.decision.from : "";
      const { manifest } = await copyImage(image, from, {
        registry: scene.options(job).registry,
        now: new Date(0),
        isNew: async () => false,
      });
      assert.ok(taken.includes(manifest.descriptor.digest));
    }
  });
});

describe("in a private project", () => {
  const scenes: Scene[] = [];
  afterEach(async () => {
    for (const scene of scenes.splice(0)) await scene.gitlab.stop();
  });
  const merged = async (
    settings: GitLabOptions,
    more: (scene: Scene) => Record<string, string>,
  ) => {
    const scene = await startScene(settings, true);
    scenes.push(scene);
    await scene.inline();
    return scene.merged(more(scene));
  };

  test("the job token of a new GitLab with a license finds the job among its pipeline's", async () => {
    const flow = await merged({}, () => ({}));
    assert.deepEqual(kinds(flow), { base: "copy", child: "copy" }, doubts(flow).join("\n"));
  });

  for (const settings of [{ isNew: false }, { isPaid: false }]) {
    test(`with ${JSON.stringify(settings)} it takes a token of a user's`, async () => {
      const flow = await merged(settings, () => ({}));
      assert.deepEqual(kinds(flow), bothBuilt);
      const advice = /give a project access token .* as variable QEMU_CI_GITLAB_TOKEN/;
      assert.match(doubts(flow).join("\n"), advice);
      const adopted = await merged(settings, ({ gitlab }) => ({
        QEMU_CI_GITLAB_TOKEN: gitlab.token("olga", "read_api"),
      }));
      assert.deepEqual(kinds(adopted), { base: "copy", child: "copy" });
    });
  }
});
