/** Readings of one configuration in several pipelines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readOutline } from "../../src/pipelines/outline.ts";
import { nothingRead } from "../../src/pipelines/pipeline.ts";
import { jobsIn, readingOf, sourceOf } from "../support/ci-files.ts";

async function namesIn(...asked: Parameters<typeof readingOf>) {
  const reading = await readingOf(...asked);
  return "jobs" in reading ? reading.jobs.map(({ name }) => name) : reading;
}

test("readings that share what they read differ as the pipelines do", async () => {
  const text = `include:
  - local: more.yml
    rules: [{ if: $CI_COMMIT_BRANCH == "main" }]
build: { script: make, rules: [{ if: $CI_COMMIT_BRANCH != "other" }] }
always: { script: make }
`;
  const files = { "more.yml": "more: { script: make }\n" };
  const kept = nothingRead();
  const jobsOn = (branch: string) => namesIn(text, { CI_COMMIT_BRANCH: branch }, { files, kept });
  assert.deepEqual(await jobsOn("main"), ["more", "build", "always"]);
  assert.deepEqual(await jobsOn("topic"), ["build", "always"]);
  assert.deepEqual(await jobsOn("other"), ["always"]);
  assert.equal(kept.files.size, 2);
  assert.equal(kept.described.length, 2, "with the included file and without it");
});

/** Jobs of a push that changed `docs/a.md`, one of them with this `compare_to`. */
function comparedTo(compare_to: string, knows = true) {
  const since: Readonly<Record<string, readonly string[]>> = { main: ["src/a.c"], "v1.0": [] };
  const config = {
    variables: { BASE: "main" },
    job: { script: "make", rules: [{ changes: { paths: ["src/*"], compare_to } }] },
    always: { script: "make" },
  };
  const asks = knows ? { changedSince: (ref: string) => since[ref] } : {};
  return namesIn(JSON.stringify(config), {}, { changed: ["docs/a.md"], ...asks });
}

test("what has changed since the commit left the one named decides, and not what was pushed", async () => {
  assert.deepEqual(await comparedTo("main"), ["job", "always"]);
  assert.deepEqual(await comparedTo("$BASE"), ["job", "always"]);
  assert.deepEqual(await comparedTo("v1.0"), ["always"]);
});

test("a name that nothing has is refused in GitLab's words", async () => {
  const errors = ["Failed to parse rule for job: rules:changes:compare_to is not a valid ref"];
  assert.deepEqual(await comparedTo("gone"), { errors });
});

test("who has no commits at hand takes the clause to hold", async () => {
  assert.deepEqual(await comparedTo("gone", false), ["job", "always"]);
});

test("jobs that extend ten others each, ten levels deep, are read at once", async () => {
  const levels = Array.from({ length: 10 }, (_, level) => {
    const bases = level === 9 ? {} : { extends: Array(10).fill(`.level${level + 1}`) };
    return [`.level${level}`, { variables: { [`V${level}`]: "x" }, ...bases }] as const;
  });
  const job = { extends: ".level0", script: "make" };
  const text = JSON.stringify({ job, ...Object.fromEntries(levels) });
  const made = (await jobsIn(text)).get("job");
  assert.equal(made?.variables.length, 10);
  assert.deepEqual((await readOutline(text, sourceOf({})))?.jobs.get("job")?.size, 3);
});

test("what only GitLab's EE code knows is taken, and empty needs are passed over", async () => {
  const part = { project: "acme/parts", ref: "main", job: "part", artifacts: true };
  const withParts = (count: number): string => {
    const needs = [Array.from({ length: count }, () => part), [null], "build"];
    const build = {
      script: "make",
      secrets: { TOKEN: { vault: "a/b" } },
      identity: "google_cloud",
    };
    return JSON.stringify({ build, test: { script: "make", needs } });
  };
  const job = (await jobsIn(withParts(5))).get("test");
  assert.deepEqual(job?.needs, [{ job: "build", artifacts: true, optional: false }]);
  const errors = ["jobs:test:needs config must be less than or equal to 5"];
  assert.deepEqual(await readingOf(withParts(6)), { errors });
});
