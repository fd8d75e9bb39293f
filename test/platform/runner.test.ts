/** GitLab Runner against the coordinator, with pipelines that have nothing of berth in them. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Actor, newProject, openRequest } from "../lives/actor.ts";
import { pushBusybox } from "../support/bases.ts";
import { succeed } from "../support/command.ts";
import { until } from "../support/processes.ts";
import { openPlatform, type Platform } from "./coordinator/platform.ts";
import { type Ran, rested, run, traceOf } from "./coordinator/ran.ts";

let platform: Platform;
let project: Actor;
before(async () => {
  platform = await openPlatform();
  await pushBusybox(platform.bases.host, "library/busybox", "1");
  project = await newProject(platform.ground, "acme/plain", { members: { olga: "maintainer" } });
});
after(() => platform.stop());

/** Commits a pipeline of jobs in a small image, and runs it. */
async function runs(config: Readonly<Record<string, unknown>>): Promise<Ran> {
  const image = `${platform.bases.host}/library/busybox:1`;
  await project.commit("main", {
    ".gitlab-ci.yml": JSON.stringify({ default: { image }, ...config }),
  });
  return run(platform, project.project);
}

test("files, variables and caches of a job reach the next, and those of what it does not depend on do not", async () => {
  const { states, outputs } = await runs({
    first: {
      stage: "build",
      cache: { key: "one", paths: ["kept"] },
      script: ["echo cached > kept", "echo text > file", "echo WORD=from-first > words.env"],
      artifacts: { paths: ["file"], reports: { dotenv: "words.env" } },
    },
    second: {
      variables: { HELD: "$WORD" },
      cache: { key: "one", paths: ["kept"], policy: "pull" },
      script: 'echo "$(cat file) $HELD $(cat kept)"',
    },
    alone: {
      image: { name: `${platform.bases.host}/library/busybox:1`, docker: { user: "1000" } },
      dependencies: [],
      cache: { key: "other", paths: ["kept"], policy: "pull" },
      script: 'echo "none: $WORD" as $(id -u); ! test -e file && ! test -e kept',
    },
  });
  assert.deepEqual(states, { first: "success", second: "success", alone: "success" });
  assert.equal(outputs["second"], "text from-first cached\n");
  assert.equal(outputs["alone"], "none:  as 1000\n");
});

test("an exit code is tried again where the job says so, and a failure skips the stages after it", async () => {
  const retry = { max: 1, when: "runner_system_failure", exit_codes: [75] };
  const { states, pipeline } = await runs({
    weather: { stage: "build", retry, script: "exit 75", allow_failure: { exit_codes: [75] } },
    mistake: { stage: "build", retry, script: "exit 1" },
    after: { stage: "test", script: "true" },
    always: { stage: "deploy", when: "always", script: "true" },
  });
  const attempts = pipeline.jobs.map((job) => job.attempts.length);
  assert.deepEqual(states, {
    weather: "failed",
    mistake: "failed",
    after: "skipped",
    always: "success",
  });
  assert.deepEqual(attempts, [2, 1, 0, 1]);
  assert.equal(pipeline.facts.status, "failed");
});

test("a child pipeline of a job's file has what it is given, and its parent's files by its number", async () => {
  const child = {
    build: {
      image: "$CHOSEN",
      needs: [{ pipeline: "$PARENT", job: "plan" }],
      script: 'echo "$(cat child.yml | wc -l) $WORD $CI_PIPELINE_SOURCE"',
    },
  };
  const { states, outputs, pipeline } = await runs({
    plan: {
      stage: "build",
      script: [`echo '${JSON.stringify(child)}' > child.yml`, "echo WORD=planned > words.env"],
      artifacts: { paths: ["child.yml"], reports: { dotenv: "words.env" } },
    },
    start: {
      variables: { PARENT: "$CI_PIPELINE_ID", CHOSEN: `${platform.bases.host}/library/busybox:1` },
      trigger: { include: [{ artifact: "child.yml", job: "plan" }], strategy: "depend" },
    },
  });
  assert.deepEqual(states, { plan: "success", start: "success", build: "success" });
  assert.equal(outputs["build"], "1 planned parent_pipeline\n");
  assert.equal(pipeline.facts.status, "success");
});

test("a job that a newer push cancels runs its after_script with its token, and is cancelled then", async () => {
  const { url } = platform.gitlab;
  const auth = `${url}/jwt/auth?service=container_registry`;
  const endless = {
    interruptible: true,
    script: "while :; do echo on; sleep 1; done",
    after_script: [
      `wget -q -O- "${auth.replace("://", "://gitlab-ci-token:$CI_JOB_TOKEN@")}" | grep -c token`,
      'echo "after: $CI_JOB_STATUS"',
    ],
  };
  const image = `${platform.bases.host}/library/busybox:1`;
  const config = { default: { image }, endless, later: { stage: "deploy", script: "true" } };
  await project.commit("main", { ".gitlab-ci.yml": JSON.stringify(config) });
  const older = await platform.start(project.project);
  const [job] = older.jobs;
  assert.ok(job);
  await until(() => /O[ +]on/.test(traceOf(job)));
  await runs({ next: { script: "true" } });
  const { states } = await rested(platform, older);
  const after = traceOf(job).split("Running after_script")[1] ?? "";
  assert.match(after, /O[ +]1\n.*O[ +]after: canceled\n/s);
  assert.deepEqual(states, { endless: "canceled", later: "canceled" });
  assert.equal(older.facts.status, "canceled");
  assert.equal(job.attempts.length, 1);
});

test("a job by hand holds the next stage until somebody starts it", async () => {
  const held = await runs({
    asked: { stage: "build", when: "manual", allow_failure: false, script: "true" },
    after: { stage: "test", script: "true" },
  });
  assert.deepEqual(held.states, { asked: "manual", after: "created" });
  assert.equal(held.pipeline.facts.status, "manual");
  const [asked] = held.pipeline.jobs;
  assert.ok(asked);
  platform.play(asked);
  const { states } = await rested(platform, held.pipeline);
  assert.deepEqual(states, { asked: "success", after: "success" });
});

test("a push to a branch of a merge request makes a pipeline for that too, and ends the one before", async () => {
  const { ground, gitlab } = platform;
  const members = { olga: "maintainer" } as const;
  const proposed = await newProject(ground, "acme/proposed", { members });
  const image = `${platform.bases.host}/library/busybox:1`;
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

test("a runner that goes away while it waits is given nothing, and the next one takes the job", async () => {
  await lose("SIGKILL");
  const image = `${platform.bases.host}/library/busybox:1`;
  const config = { job: { image, script: "echo ran" } };
  await project.commit("main", { ".gitlab-ci.yml": JSON.stringify(config) });
  const pipeline = await platform.start(project.project);
  const statuses = pipeline.jobs.map(({ status }) => status);
  await platform.runner.start();
  const { outputs } = await rested(platform, pipeline);
  assert.deepEqual(statuses, ["pending"]);
  assert.equal(pipeline.jobs[0]?.attempts.length, 1);
  assert.equal(outputs["job"], "ran\n");
});

for (const [signal, what, reason] of [
  ["SIGTERM", "is told to stop", "unknown_failure"],
  ["SIGKILL", "is killed", "stuck_or_timeout_failure"],
] as const) {
  test(`a runner that ${what} loses its job by ${reason}, and the next one runs it again`, async () => {
    const image = `${platform.bases.host}/library/busybox:1`;
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
    const { model } = platform.gitlab;
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
