/** The steps of `ensure` as jobs of a pipeline have them: processes that share only plan.json and the registry. */
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Outcome } from "../../src/build/outcome.ts";
import type { Plan } from "../../src/plan/plan.ts";
import type { Project } from "../support/example.ts";
import { imageNames } from "./reuse.ts";
import {
  call,
  type Ensured,
  ensure,
  read,
  recordOf,
  requestsDuring,
  type Stage,
  tagsOf,
} from "./stage.ts";

const base = "jobs/project";

export function testJobs(name: string, stage: () => Stage, first: () => Ensured): void {
  test(`${name} builds, publishes and promotes in separate jobs what ensure makes in one`, async () => {
    const plans = await stage().project.clone("job-plan");
    const planned = read<Plan>(
      await call(stage(), ["plan", "--json"], { project: plans, base }),
      0,
    );
    const parents = ["base", "app", "debian"];
    const children = imageNames.filter((image) => !parents.includes(image));
    for (const [index, images] of [parents, ["compiler"], children].entries()) {
      const project = await job(stage(), plans, `job-build-${index}`);
      const command = ["build", ...images, "--engine", name, "--json"];
      const { outcomes } = read<{ outcomes: readonly Outcome[] }>(
        await call(stage(), command, { project, base }),
        0,
      );
      assert.deepEqual(
        outcomes.map((outcome) => [outcome.name, outcome.result]),
        // A job that is run again finds what it has made before.
        imageNames
          .filter((image) => images.includes(image))
          .map((image) => [image, image === "compiler" && index === 2 ? "adopted" : "built"]),
      );
    }
    const publishing = { project: await job(stage(), plans, "job-publish"), base };
    const { record } = read<{ record: string }>(
      await call(stage(), ["publish", "--json"], publishing),
      0,
    );
    assert.deepEqual(await shapeOf(record), await shapeOf(first().record ?? ""));
    const promoting = await call(stage(), ["promote", "--tag", "latest"], publishing);
    assert.equal(promoting.stdout, `latest: moved on ${imageNames.length} images\n`);
    for (const image of imageNames) {
      const tags = await tagsOf(stage().registry.host, `${base}/ci/${image}`);
      for (const tag of ["latest", planned.set.tag]) assert.ok(tags.includes(tag), image);
    }
    const again = await requestsDuring(stage().registry, () => ensure(stage(), { base }));
    assert.deepEqual(again.result.outcomes, []);
    assert.equal(again.requests.length, 1);
  });
}

/** A job's own checkout with the artifacts of the plan job. */
async function job({ project }: Stage, plans: Project, name: string): Promise<Project> {
  const clone = await project.clone(name);
  await cp(join(plans.path, ".berth/plan.json"), join(clone.path, ".berth/plan.json"));
  return clone;
}

/** What a record says beside times and digests, which two builds do not share. */
async function shapeOf(record: string): Promise<Readonly<Record<string, string>>> {
  const annotations = await recordOf(record);
  return Object.fromEntries(
    Object.entries(annotations)
      .filter(([key]) => key !== "org.opencontainers.image.created")
      .map(([key, value]) => [key, value.replace(/^sha256:[0-9a-f]{64}$/, "a digest")]),
  );
}
