import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { PlannedImage } from "../../src/plan/plan.ts";
import { situationOf } from "../../src/plan/situation.ts";
import { planOf, run } from "../support/flow.ts";
import { config } from "../support/keyed.ts";

import {
  bothBuilt,
  doubts,
  forge,
  keep,
  kinds,
  plannedIn,
  type Scene,
  startScene,
} from "./adoption-scene.ts";

describe("what is not proven is built, and a line says why", () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await startScene();
  });
  afterEach(() => scene.gitlab.stop());
  const built = async (expected: RegExp, env: Record<string, string> = {}) => {
    const flow = await scene.merged(env);
    assert.deepEqual(kinds(flow), bothBuilt);
    assert.match(doubts(flow).join("\n"), expected);
    return flow;
  };

  test("an image that was pushed over an honest job's one", async () => {
    const honest = scene.tried();
    const { plan } = await scene.inline(honest);
    const evil = scene.tried({ sha: "e".repeat(40) });
    const claim = { job: honest.id, pipeline: honest.pipeline.id };
    for (const image of plan.images) await forge(scene, image, evil, claim);
    await built(
      /^base, child: built, not adopted .*: job \d+ built another image than is under this tag/,
    );
  });

  test("an image that an honest job found and took for its own key's", async () => {
    const honest = scene.tried();
    const evil = scene.tried({ sha: "e".repeat(40) });
    const claim = { job: honest.id, pipeline: honest.pipeline.id };
    const images = await plannedIn(scene, evil);
    // It lies there before the honest job's plan, or comes between its plan and its build.
    await forge(scene, images[0] as PlannedImage, evil, claim);
    const onBuild = async () => {
      await forge(scene, images[1] as PlannedImage, evil, claim);
    };
    const flow = await run(scene.options(honest, { onBuild }));
    keep(honest, flow);
    honest.finish();
    assert.deepEqual(
      flow.outcomes.map(({ result }) => result),
      ["reused", "adopted"],
    );
    await built(/^base, child: .*: job \d+ did not build it itself$/m);
  });

  test("an honest image upon a forged parent", async () => {
    const evil = scene.tried({ sha: "e".repeat(40) });
    const [base] = await plannedIn(scene, evil);
    const claim = { job: evil.id, pipeline: evil.pipeline.id };
    await forge(scene, base as PlannedImage, evil, claim);
    const flow = await scene.inline();
    assert.deepEqual(flow.built, ["child"]);
    await built(/^child: .*: job \d+ built it upon another image of base than is used here$/m);
  });

  test("an image of a commit that a later one of the same merge took back", async () => {
    const first = scene.fork.history.add("topic");
    await scene.inline(scene.tried({ sha: first }));
    await built(/its commit [0-9a-f]{12} has other files than this one$/m);
  });

  test("an image of a job in the fork", async () => {
    const inFork = scene.gitlab.job(scene.fork, { branch: "topic", user: "jane", sha: scene.head });
    const evil = scene.tried({ sha: "e".repeat(40) });
    for (const image of await plannedIn(scene, evil)) {
      const digest = await forge(scene, image, evil, {
        job: inFork.id,
        pipeline: inFork.pipeline.id,
      });
      const outcome = { name: image.name, key: image.key, result: "built", digest, parents: {} };
      inFork.keep(`.berth/outcome/${image.name}.json`, JSON.stringify(outcome));
    }
    inFork.finish();
    await built(/^base, child: .*: this project has no job \d+$/m);
  });

  test("an image of a branch pipeline, whose variables may have been set", async () => {
    const untrusted = config({ upstream: "qemu-project", trust: { unprotected: false } });
    scene.upstream.history.point("try", scene.head);
    const { head } = scene;
    const job = scene.gitlab.job(scene.upstream, { branch: "try", user: "olga", sha: head });
    const situation = situationOf(job.env, untrusted, undefined);
    const flow = await run(scene.options(job, { situation, config: untrusted }));
    keep(job, flow);
    job.finish();
    await built(/^base, child: .*: pipeline \d+ is none of a merge request/m);
  });

  test("an image that hides behind another pipeline than its own", async () => {
    const honest = scene.tried();
    await scene.inline(honest);
    const branch = scene.gitlab.job(scene.upstream, { user: "olga", sha: scene.head });
    const { plan } = await planOf(scene.options(scene.tried()));
    for (const image of plan.images) {
      const claim = { job: branch.id, pipeline: honest.pipeline.id };
      const digest = await forge(scene, image, scene.tried(), claim);
      const outcome = { name: image.name, key: image.key, result: "built", digest, parents: {} };
      branch.keep(`.berth/outcome/${image.name}.json`, JSON.stringify(outcome));
    }
    branch.finish();
    await built(/^base, child: .*: GitLab does not confirm that pipeline \d+ started job \d+$/m);
  });

  test("a job that is not there, names nothing, or did not end well", async () => {
    const evil = scene.tried();
    const [base, child] = await plannedIn(scene, evil);
    const failed = scene.tried();
    failed.finish("failed");
    await forge(scene, base as PlannedImage, evil, {
      job: failed.id,
      pipeline: failed.pipeline.id,
    });
    await forge(scene, child as PlannedImage, evil, { job: "none", pipeline: 1 });
    const flow = await built(/^base: .*: job \d+ is failed, not success$/m);
    assert.match(doubts(flow).join("\n"), /^child: .*: its annotations name no job/m);
  });

  test("artifacts that have expired", async () => {
    const job = scene.tried();
    await run(scene.options(job));
    job.finish();
    await built(/^base, child: .*: job \d+ keeps no outcome of it \(any more\)$/m);
  });

  test("everything, while GitLab's API is away", async () => {
    await scene.inline();
    scene.gitlab.fault = () => ({ kind: "answer", answer: () => ({ status: 503 }) });
    await built(/^base, child: .*: read job \d+ of project \d+ from GitLab: 503.*try again later/m);
  });
});
