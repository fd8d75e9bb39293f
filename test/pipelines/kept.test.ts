import assert from "node:assert/strict";
import { test } from "node:test";
import { nothingRead, readPipeline } from "../../src/pipelines/pipeline.ts";

const files: Readonly<Record<string, string>> = {
  ".gitlab-ci.yml": `include:
  - local: more.yml
    rules: [{ if: $CI_COMMIT_BRANCH == "main" }]
build: { script: make, rules: [{ if: $CI_COMMIT_BRANCH != "other" }] }
always: { script: make }
`,
  "more.yml": "more: { script: make }\n",
};

test("readings that share what they read differ as the pipelines do", async () => {
  const kept = nothingRead();
  const jobsOn = async (ref: string) => {
    const reading = await readPipeline(files[".gitlab-ci.yml"] ?? "", {
      source: { project: "a/b", paths: Object.keys(files), read: async (path) => files[path] },
      fetch: async () => undefined,
      occasion: {
        source: "push",
        ref,
        kind: "branch",
        project: "a/b",
        predefined: [{ key: "CI_COMMIT_BRANCH", value: ref }],
        settings: [],
        changed: undefined,
      },
      kept,
    });
    return "jobs" in reading ? reading.jobs.map(({ name }) => name) : reading;
  };
  assert.deepEqual(await jobsOn("main"), ["more", "build", "always"]);
  assert.deepEqual(await jobsOn("topic"), ["build", "always"]);
  assert.deepEqual(await jobsOn("other"), ["always"]);
  assert.equal(kept.files.size, 2);
  assert.equal(kept.described.length, 2, "with the included file and without it");
});
