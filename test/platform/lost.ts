/** What GitLab does by itself: pipelines for pushes to merge requests, and jobs whose runner goes away. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { newProject, openRequest } from "../lives/actor.ts";
import { succeed } from "../support/command.ts";
import { until } from "../support/processes.ts";
import { rested, traceOf } from "./coordinator/ran.ts";
import { platform } from "./released.ts";

const { ground, gitlab, bases } = platform;
const members = { olga: "maintainer" } as const;
const image = `${bases.host}/library/debian:13-slim`;

test("a push to a branch of a merge request makes a pipeline for that too, and ends the one before", async () => {
  const proposed = await newProject(ground, "acme/proposed", { members });
  const rules = [{ if: "$CI_MERGE_REQUEST_IID" }];
  const job = { image, tags: ["nobody"], rules, interruptible: true, script: "true" };
  await proposed.commit("main", { ".gitlab-ci.yml": JSON.stringify({ job }) });
  await proposed.commit("topic", { file: "one\n" });
  await openRequest(ground, proposed, "topic", proposed);
  const path = "/acme/proposed.git";
  const to = new URL(path, gitlab.url.replace("://", `://olga:${gitlab.token("olga", "api")}@`));
  const push = async (text: string) => {
    await writeFile(join(ground.folder, "work/acme/proposed/file"), text);
    const run = (...args: readonly string[]) =>
      succeed("git", ["-C", join(ground.folder, "work/acme/proposed"), ...args], ground);
    await run("commit", "--quiet", "--all", "--message=more");
    await run("push", "--quiet", to.href, "HEAD:refs/heads/topic");
  };
  await push("two\n");
  await push("three\n");
  const made = gitlab.model.pipelines.filter(({ project }) => project === proposed.project);
  assert.deepEqual(
    made.map(({ source, ref, status }) => [source, ref, status]),
    ["canceled", "pending"].map((status) => {
      return ["merge_request_event", "refs/merge-requests/1/head", status];
    }),
  );
});

/** Lets the runner go, and waits until GitLab has noticed that it asks for nothing any more. */
async function lose(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  await platform.runner.go(signal);
  await until(() => platform.asking() === 0);
}

for (const [signal, what, reason] of [
  ["SIGTERM", "is told to stop", "unknown_failure"],
  ["SIGKILL", "is killed", "stuck_or_timeout_failure"],
] as const) {
  test(`a runner that ${what} loses its job by ${reason}, and the next one runs it again`, async () => {
    const project = await newProject(ground, `acme/${signal.toLowerCase()}`, { members });
    const path = join(platform.shared, signal);
    const script = `echo begun; while ! test -e ${path}; do sleep 0.1; done`;
    const retry = { max: 1, when: [reason] };
    const config = { first: { image, retry, script }, after: { stage: "deploy", image, script } };
    await project.commit("main", { ".gitlab-ci.yml": JSON.stringify(config) });
    const pipeline = await platform.start(project.project);
    const [job] = pipeline.jobs;
    assert.ok(job);
    await until(() => /O[ +]begun/.test(traceOf(job)));
    await lose(signal);
    const { model } = gitlab;
    if (signal === "SIGKILL") {
      platform.dropStuck();
      assert.equal(job.status, "running");
      model.now = () => new Date(Date.now() + 3_600_000);
      platform.dropStuck();
      model.now = () => new Date();
    }
    await until(() => job.status === "pending");
    await writeFile(path, "");
    await platform.runner.start();
    const { states } = await rested(platform, pipeline);
    assert.deepEqual(
      job.attempts.map(({ end }) => [end?.state, end?.reason]),
      [
        ["failed", reason],
        ["success", undefined],
      ],
    );
    assert.deepEqual(states, { first: "success", after: "success" });
  });
}
