/** The project's own pipeline, as GitLab reads it. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { imageVariable } from "../../src/plan/make.ts";
import { jobsIn, type Variables } from "../support/ci-files.ts";
import { settleFlow } from "../support/flow-states.ts";

const top = join(import.meta.dirname, "../..");
const always = ["check", "tool-image", "try-images", "try-run"];
const cases = [
  ["a push to the default branch", { CI_COMMIT_BRANCH: "main" }, ["publish-commit"]],
  ["a push to another branch", { CI_COMMIT_BRANCH: "topic" }, []],
  [
    "a release's tag",
    { CI_COMMIT_TAG: "1.2.3", CI_COMMIT_REF_NAME: "1.2.3" },
    ["publish-package", "publish-version", "release"],
  ],
  ["another tag", { CI_COMMIT_TAG: "v1", CI_COMMIT_REF_NAME: "v1" }, []],
  ["a merge request", { CI_PIPELINE_SOURCE: "merge_request_event" }, []],
  ["a click", { CI_PIPELINE_SOURCE: "web", CI_COMMIT_BRANCH: "topic" }, []],
  ["a schedule", { CI_PIPELINE_SOURCE: "schedule", CI_COMMIT_BRANCH: "main" }, ["publish-commit"]],
] as const;

const ownText = () => readFile(join(top, ".gitlab-ci.yml"), "utf8");
const jobsWith = async (variables: Variables) =>
  jobsIn(await ownText(), { CI_DEFAULT_BRANCH: "main", ...variables });

for (const [what, variables, more] of cases)
  test(`${what} runs ${["the checks", ...more].join(", ")}`, async () => {
    const jobs = await jobsWith(variables);
    assert.deepEqual([...jobs.keys()].sort(), [...always, ...more].sort());
  });

test("a push to a branch with an open merge request makes no pipeline of its own", async () => {
  const jobs = await jobsWith({
    CI_COMMIT_BRANCH: "topic",
    CI_OPEN_MERGE_REQUESTS: "berth-ci/berth!1",
  });
  assert.deepEqual([...jobs.keys()], []);
});

/** Which jobs of a release run one after another, where all pass but one. */
async function waves(failing?: string): Promise<readonly (readonly string[])[]> {
  const { stages } = parse(await ownText());
  const made = await jobsWith({ CI_COMMIT_TAG: "1.2.3", CI_COMMIT_REF_NAME: "1.2.3" });
  let jobs = [...made.values()].map(({ name, stage, when, allowFailure, needs, scheduling }) => {
    const names = scheduling === "dag" ? needs.map(({ job }) => job) : undefined;
    return { name, stage, when, allowFailure, needs: names, status: "created" };
  });
  const all: string[][] = [];
  for (;;) {
    const states = settleFlow(stages, jobs).jobs;
    const begun = [...states].filter(([, state]) => state === "pending").map(([name]) => name);
    if (begun.length === 0) return all;
    all.push(begun.sort());
    jobs = jobs.map((job) => {
      const status = states.get(job.name) ?? job.status;
      const end = job.name === failing ? "failed" : "success";
      return { ...job, status: status === "pending" ? end : status };
    });
  }
}

test("a release comes last, after all that it names has been published", async () =>
  assert.deepEqual(await waves(), [
    ["check", "tool-image"],
    ["try-images"],
    ["try-run"],
    ["publish-package", "publish-version"],
    ["release"],
  ]));

for (const failing of always)
  test(`where ${failing} fails nothing is published`, async () =>
    assert.doesNotMatch((await waves(failing)).join(), /publish|release/));

test("it takes images by the variables of images that berth.yml declares", async () => {
  const { images } = parse(await readFile(join(top, "berth.yml"), "utf8"));
  const declared = Object.keys(images).map((name) => `$${imageVariable("BERTH", name)}`);
  const used = (await ownText()).match(/\$BERTH_IMAGE_\w+/g) ?? [];
  assert.ok(used.length > 0);
  for (const variable of used) assert.ok(declared.includes(variable), variable);
});
