/** The project's own pipeline, as GitLab reads it. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { imageVariable } from "../../src/plan/variables.ts";
import { jobsIn } from "../support/ci-files.ts";

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
] as const;

for (const [what, variables, more] of cases) {
  test(`${what} runs ${["the checks", ...more].join(", ")}`, async () => {
    const text = await readFile(join(top, ".gitlab-ci.yml"), "utf8");
    const jobs = await jobsIn(text, { CI_DEFAULT_BRANCH: "main", ...variables });
    assert.deepEqual([...jobs.keys()].sort(), [...always, ...more].sort());
  });
}

test("it takes the image by the variable of the image that berth.yml declares", async () => {
  const { images } = parse(await readFile(join(top, "berth.yml"), "utf8"));
  const pipeline = await readFile(join(top, ".gitlab-ci.yml"), "utf8");
  for (const name of Object.keys(images))
    assert.ok(pipeline.includes(`$${imageVariable("BERTH", name)}`), name);
});
