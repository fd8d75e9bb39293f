/** `changes` with `compare_to`: the branch, tag or commit that a rule compares with, whatever a push changed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readPipeline } from "../../src/pipelines/pipeline.ts";

const since: Readonly<Record<string, readonly string[]>> = { main: ["src/a.c"], "v1.0": [] };

async function read(compare_to: string, knows = true) {
  const rules = [{ changes: { paths: ["src/*"], compare_to } }];
  const config = {
    variables: { BASE: "main" },
    job: { script: "make", rules },
    always: { script: "make" },
  };
  const reading = await readPipeline(JSON.stringify(config), {
    source: { project: "acme/tools", paths: [], read: async () => undefined },
    fetch: async () => undefined,
    occasion: {
      source: "push",
      ref: "topic",
      kind: "branch",
      project: "acme/tools",
      predefined: [],
      settings: [],
      changed: ["docs/a.md"],
      ...(knows ? { changedSince: (ref: string) => since[ref] } : {}),
    },
  });
  return "jobs" in reading ? reading.jobs.map(({ name }) => name) : reading;
}

test("what has changed since the commit left the one named decides, and not what was pushed", async () => {
  assert.deepEqual(await read("main"), ["job", "always"]);
  assert.deepEqual(await read("$BASE"), ["job", "always"]);
  assert.deepEqual(await read("v1.0"), ["always"]);
});

test("a name that nothing has is refused in GitLab's words", async () => {
  const errors = ["Failed to parse rule for job: rules:changes:compare_to is not a valid ref"];
  assert.deepEqual(await read("gone"), { errors });
});

test("who has no commits at hand takes the clause to hold", async () => {
  assert.deepEqual(await read("gone", false), ["job", "always"]);
});
