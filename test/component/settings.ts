/** What projects set of the component: runners for a platform, two of it, each kind of reference, schedules, two branches that promote, newer pushes. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { tagged } from "../lives/look.ts";
import type { RunPipeline } from "../platform/coordinator/jobs.ts";
import { exampleProject, saying } from "../platform/coordinator/platform.ts";
import { jobsOf, passed, rested, run, traceOf } from "../platform/coordinator/ran.ts";
import { platform } from "../platform/released.ts";
import { busyboxLayer } from "../support/bases.ts";
import { emulateArm64, pushBothBusyboxes } from "../support/emulation.ts";
import { pushImage } from "../support/images.ts";
import { until } from "../support/processes.ts";

const members = { olga: "maintainer" } as const;
const component = "$CI_SERVER_FQDN/berth-ci/berth/images@0.1.0";

test("the component twice, each with a kind of reference of its own, and neither builds again", async () => {
  const both = await exampleProject(platform, "single", "acme/both", { members });
  const other = { prefix: "OTHER", job_prefix: "other-", config: "ci/other.yml" };
  const config = {
    include: [
      { component, inputs: { reference: "tag" } },
      { component, inputs: { ...other, reference: "own-tag" } },
    ],
    test: { extends: ".berth-use", variables: { IMAGE: "tools" }, script: "cat /etc/ci-image" },
    another: { extends: ".other-use", variables: { IMAGE: "tools" }, script: "cat /etc/ci-image" },
  };
  await both.commit("main", {
    "berth.yml": "images: ci/tools.docker\n",
    "ci/other.yml": `prefix: OTHER
repository: other/{name}
images: other/tools.docker
publish: [{ branch: "{default}", tag: other }]
`,
    "other/tools.docker": saying(platform, "other 1"),
    ".gitlab-ci.yml": JSON.stringify(config),
  });
  const start = { variables: { OTHER_BUILD_NETWORK: "host" } };
  const first = passed(await run(platform, both.project, start));
  assert.deepEqual(Object.keys(first.states).sort(), [
    "another",
    ...["images", "promote"].map((name) => `berth-${name}`),
    ...["images", "promote"].map((name) => `other-${name}`),
    "test",
  ]);
  assert.deepEqual([first.outputs["test"], first.outputs["another"]], ["tools 1\n", "other 1\n"]);
  assert.equal(first.images["test"], tagged(platform, "acme/both/tools", "latest"));
  assert.equal(first.images["another"], tagged(platform, "acme/both/other/tools", "other"));
  // Where nothing is promoted.
  await both.commit("topic", {});
  const second = passed(await run(platform, both.project, { ...start, branch: "topic" }));
  for (const name of ["berth-images", "other-images"])
    assert.match(second.outputs[name] ?? "", /nothing to do/);
  for (const name of ["test", "another"]) assert.equal(second.images[name], first.images[name]);
});

test("a schedule builds on the moved base, tests that, moves latest to it, and deletes what is old", async () => {
  const layer = await busyboxLayer();
  const pushBase = (word: string) =>
    pushImage(platform.bases.host, "library/moving", "1", layer, { Env: [`WORD=${word}`] });
  await pushBase("old");
  const then = new Date(Date.now() - 60 * 86_400_000);
  const { ground, gitlab } = platform;
  const env = { ...ground.env, GIT_COMMITTER_DATE: then.toISOString() };
  const long = { ...platform, ground: { ...ground, env } };
  const nightly = await exampleProject(long, "single", "acme/nightly", { members });
  gitlab.model.now = () => then;
  for (const word of ["tools 1", "tools 2"]) {
    await nightly.commit("main", { "ci/tools.docker": saying(platform, word, "moving:1") });
    passed(await run(platform, nightly.project));
  }
  gitlab.model.now = () => new Date();
  const before = tagged(platform, "acme/nightly/tools", "latest");
  await pushBase("new");
  nightly.project.schedules.push("main");
  const ran = passed(await run(platform, nightly.project, { source: "schedule" }));
  assert.match(ran.outputs["berth-images"] ?? "", /^tools +refresh +built.*moved/m);
  assert.equal(ran.outputs["test"], "tools 2\n");
  assert.notEqual(ran.images["test"], before);
  assert.equal(tagged(platform, "acme/nightly/tools", "latest"), ran.images["test"]);
  assert.match(ran.outputs["berth-prune"] ?? "", /^deleted [1-9]\d*, .*, refused 0$/m);
});

test("two branches that promote at once do it one after another, and latest is the newer commit's", async () => {
  const twice = await exampleProject(platform, "single", "acme/twice", { members });
  const path = join(platform.shared, "promote");
  const config = {
    include: [{ component }],
    ".berth-gate-promote": { rules: [{ if: "$CI_COMMIT_BRANCH" }] },
    test: {
      extends: ".berth-use",
      image: "$BERTH_IMAGE_TOOLS",
      script: `cat /etc/ci-image; while ! test -e ${path}; do sleep 0.1; done`,
    },
  };
  const publish = ["main", "staging"].map((branch) => ({ branch, tag: "latest" }));
  await twice.commit("main", {
    "berth.yml": JSON.stringify({ images: "ci/tools.docker", publish }),
    ".gitlab-ci.yml": JSON.stringify(config),
  });
  await twice.commit("staging", { "ci/tools.docker": saying(platform, "tools 2") }, "main");
  const branches = ["staging", "main"] as const;
  const pipelines = await Promise.all(
    branches.map((branch) => platform.start(twice.project, { branch })),
  );
  const hasTested = ({ jobs }: RunPipeline) =>
    jobs.some((job) => job.made.name === "test" && /O[ +]tools \d/.test(traceOf(job)));
  await until(() => pipelines.every(hasTested));
  await writeFile(path, "");
  const all = await Promise.all(pipelines.map((one) => rested(platform, one)));
  const [staging, main] = all.map(passed);
  assert.deepEqual([staging?.outputs["test"], main?.outputs["test"]], ["tools 2\n", "tools 1\n"]);
  assert.equal(tagged(platform, "acme/twice/tools", "latest"), staging?.images["test"]);
  const times = pipelines.map(({ jobs }) => {
    const promote = jobs.find(({ made }) => made.name === "berth-promote");
    assert.ok(promote);
    const lines = [...traceOf(promote).matchAll(/^(\S+Z) \d\d[OE]/gm)].map(([, at = ""]) => at);
    return { first: lines[0] ?? "", last: lines.at(-1) ?? "" };
  });
  const [one, other] = times.sort((a, b) => (a.first < b.first ? -1 : 1));
  assert.ok(one !== undefined && other !== undefined && one.last <= other.first);
});

test("a newer push cancels a child pipeline in the middle of a build", async () => {
  const project = await exampleProject(platform, "single", "acme/child", { members });
  const config = {
    include: [{ component, inputs: { mode: "fan-out" } }],
    test: { extends: ".berth-use", image: "$BERTH_IMAGE_TOOLS", script: "cat /etc/ci-image" },
  };
  const endless = `${saying(platform, "tools 1")}RUN while :; do echo still building; sleep 1; done\n`;
  const files = { ".gitlab-ci.yml": JSON.stringify(config), "ci/tools.docker": endless };
  await project.commit("main", files);
  const older = await platform.start(project.project);
  const isBuilding = () => jobsOf(older).some((job) => traceOf(job).includes("still building"));
  await until(() => isBuilding());
  await project.commit("main", { "ci/tools.docker": saying(platform, "tools 2") });
  const newer = passed(await run(platform, project.project));
  assert.equal(newer.outputs["test"], "tools 2\n");
  assert.equal(newer.states["berth build tools"], "success");
  const { states } = await rested(platform, older);
  const { "berth-plan": planned, ...others } = states;
  assert.equal(planned, "success");
  assert.deepEqual(new Set(Object.values(others)), new Set(["canceled"]));
  assert.equal(older.facts.status, "canceled");
});

test("what is for a platform is built on runners with its tags, and jobs on each name the same image", async () => {
  await emulateArm64();
  await pushBothBusyboxes(platform.bases.host, "library/busybox", "stable");
  const project = await exampleProject(platform, "platforms", "acme/platforms", { members });
  const start = { variables: { PLATFORMS_CI_BUILD_NETWORK: "host" } };
  const ran = passed(await run(platform, project.project, start));
  const had = jobsOf(ran.pipeline).filter(({ attempts }) => attempts.length > 0);
  const native = had.filter(({ attempts }) => attempts.at(-1)?.tags.includes("aarch64"));
  const names = native.map(({ made }) => made.name);
  assert.deepEqual(names.sort(), [
    "berth build base@arm64",
    "berth build tools@arm64",
    "test-aarch64",
  ]);
  assert.equal(ran.states["berth build tools@amd64"], "success");
  // Both runners are this machine, which takes its own platform of the index.
  for (const name of ["test", "test-aarch64"])
    assert.equal(ran.outputs[name], "made for amd64\nx86_64\n");
});
