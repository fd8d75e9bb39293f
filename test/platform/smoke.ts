/** What people may ask of GitLab's API here, and the script that tries a real GitLab, tried on this one. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { copySources } from "../../scripts/smoke-projects.ts";
import { newProject } from "../lives/actor.ts";
import { berth, succeed } from "../support/command.ts";
import { temporaryFolder } from "../support/services.ts";
import { platform } from "./released.ts";

/** Of a CI file, or of runners. */
interface Told extends ReadonlyArray<{ readonly description: string }> {
  readonly valid: boolean;
  readonly errors: readonly string[];
  readonly merged_yaml: string;
}

test("a person is told what is wrong with a CI file, all that it includes, and the runners; a job is not", async () => {
  const { gitlab, ground } = platform;
  const { project, commit } = await newProject(ground, "acme/told", { members: { ada: "owner" } });
  await commit("main", {
    "more.yml": "test: { script: make }",
    ".gitlab-ci.yml": "include: more.yml",
  });
  const job = gitlab.job(project);
  const ask = async (path: string, headers: Readonly<Record<string, string>>) => {
    const answer = await fetch(`${gitlab.url}/api/v4/projects/${project.id}/${path}`, { headers });
    return { status: answer.status, body: (await answer.json()) as Told };
  };
  const person = { "private-token": gitlab.token("ada", "api") };
  for (const path of ["ci/lint", "runners"])
    assert.equal((await ask(path, { "job-token": job.token })).status, 401);
  const { body } = await ask("ci/lint", person);
  assert.deepEqual([body.valid, body.errors], [true, []]);
  assert.deepEqual(JSON.parse(body.merged_yaml).test, { script: "make" });
  await commit("main", { "more.yml": "test: { script: make, needs: [gone] }" });
  const refused = await ask("ci/lint", person);
  assert.deepEqual(refused.body.errors, ["test job: undefined need: gone"]);
  const { body: runners } = await ask("runners?status=online", person);
  const names = runners.map(({ description }) => description);
  assert.deepEqual(names, ["glrt-untagged", "glrt-aarch64"]);
  assert.equal(gitlab.model.pipelines.filter((one) => one.project === project).length, 1);
});

test("what the script pushes where it is given no tool image has all that the images are made of", async () => {
  const { path, remove } = await temporaryFolder("berth-sources-");
  try {
    await copySources(path);
    const { ground } = platform;
    for (const args of [
      ["init", "--quiet"],
      ["add", "--all", "--force"],
    ])
      await succeed("git", ["-C", path, ...args], { env: ground.env });
    const keys = async (cwd: string) => berth(["key"], { cwd, env: ground.env });
    const there = await keys(path);
    assert.equal(there.code, 0, there.stderr);
    assert.equal(there.stdout, (await keys(join(import.meta.dirname, "../.."))).stdout);
  } finally {
    await remove();
  }
});

const script = join(import.meta.dirname, "../../scripts/smoke-gitlab.sh");

test("scripts/smoke-gitlab.sh passes on what stands here for GitLab, and leaves nothing", async () => {
  const { gitlab, bases } = platform;
  const image = `${gitlab.registry.host}/berth-ci/berth/tool-buildah:0.1.0`;
  const base = `${bases.host}/library/debian:13-slim`;
  const token = gitlab.token("sam", "api", "write_repository");
  const args = [gitlab.url, "trials", "--image", image, "--base", base, "--every", "0.5"];
  const env = { ...process.env, GITLAB_TOKEN: token };
  const { stdout } = await promisify(execFile)(script, args, { env }).catch(
    (error: { stdout: string }) => error,
  );
  assert.deepEqual(stdout.split("\n"), [
    "pass  a runner is there",
    "pass  GitLab accepts the include",
    "pass  the first pipeline builds, tests and promotes",
    "pass  a commit that changes no image builds nothing",
    "pass  a fork runs in upstream's image",
    "pass  its merge request runs in upstream's image",
    "pass  a changed Dockerfile is built, and the test runs in it",
    "7 of 7 passed",
    "removed trials/berth-smoke-fork",
    "removed trials/berth-smoke-tools",
    "removed trials/berth-smoke-component",
    "",
  ]);
  const left = gitlab.model.projects.filter(({ path }) => path.startsWith("trials/"));
  assert.deepEqual(left, []);
});
