/** Pipelines that the pages show, as gitlab-ci-local reads them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { includesOf, isPipeline, pipelineOf, readPage } from "../docs/pages.ts";
import { gitlabProject } from "./gitlab.ts";

for (const { name, blocks } of ["quick-start.md", "recipes.md"].map(readPage)) {
  test(`${name}: its pipelines are ones that GitLab takes, and their jobs run after the images`, async () => {
    for (const block of blocks.filter(isPipeline)) {
      const { include: _, ...rest } = pipelineOf([block]) as Record<string, unknown>;
      await using project = await gitlabProject(includesOf([block]), rest, "acme/widget");
      const listed = await project.list({ CI_COMMIT_BRANCH: "main", CI_DEFAULT_BRANCH: "main" });
      for (const job of Object.keys(rest).filter((key) => /^(?:build|check)/.test(key))) {
        const needs = JSON.stringify(listed.get(job)?.needs ?? []);
        assert.match(needs, /-images/, job);
      }
    }
  });
}

for (const { name, blocks } of ["migrate-qemu.md", "migrate-freedesktop.md"].map(readPage)) {
  test(`${name}: the new pipeline is one that GitLab takes, and its jobs run after the images`, async () => {
    const { include: _, ...rest } = pipelineOf(blocks);
    await using project = await gitlabProject(includesOf(blocks), { ...rest }, "qemu-project/qemu");
    const listed = await project.list({ CI_COMMIT_BRANCH: "staging", CI_DEFAULT_BRANCH: "master" });
    const own = [...listed.values()].filter((job) => !job.name.startsWith("berth-"));
    assert.ok(own.length > 0);
    for (const job of own)
      assert.ok(
        job.needs?.some((need) => /berth-(?:plan|images)/.test(JSON.stringify(need))),
        job.name,
      );
  });
}
