/** Pipelines that the pages show, as GitLab reads them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { includesOf, isPipeline, pipelineOf, readPage } from "../docs/pages.ts";
import { jobsIn, pipelineText } from "../support/ci-files.ts";

/** A fork whose owner asks for everything, where a page has the component rules. */
const asked = {
  CI_PROJECT_PATH: "acme/widget",
  CI_PROJECT_NAMESPACE: "acme",
  CI_PIPELINE_SOURCE: "push",
  CI_COMMIT_BRANCH: "main",
  CI_DEFAULT_BRANCH: "main",
  QEMU_CI: "2",
};

for (const { name, blocks } of ["quick-start.md", "recipes.md"].map(readPage))
  test(`${name}: its pipelines are ones that GitLab takes, and their jobs run after the images`, async () => {
    for (const block of blocks.filter(isPipeline)) {
      const { include: _, ...rest } = pipelineOf([block]) as Record<string, unknown>;
      const text = pipelineText(includesOf([block]), {
        other: { stage: ".pre", script: "true" },
        ...rest,
      });
      const listed = await jobsIn(text, asked);
      for (const job of Object.keys(rest).filter((key) => /^(?:build|check)/.test(key))) {
        const needs = JSON.stringify(listed.get(job)?.needs ?? []);
        assert.match(needs, /-images/, job);
      }
    }
  });

for (const { name, blocks } of ["migrate-qemu.md", "migrate-freedesktop.md"].map(readPage))
  test(`${name}: the new pipeline is one that GitLab takes, and its jobs run after the images`, async () => {
    const { include: _, ...rest } = pipelineOf(blocks);
    const listed = await jobsIn(pipelineText(includesOf(blocks), { ...rest }), {
      CI_PROJECT_PATH: "qemu-project/qemu",
      CI_PROJECT_NAMESPACE: "qemu-project",
      CI_COMMIT_BRANCH: "staging",
      CI_DEFAULT_BRANCH: "master",
    });
    const own = [...listed.values()].filter((job) => !job.name.startsWith("berth-"));
    assert.ok(own.length > 0);
    for (const job of own)
      assert.ok(
        job.needs?.some((need) => /berth-(?:plan|images)/.test(JSON.stringify(need))),
        job.name,
      );
  });
