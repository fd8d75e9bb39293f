import assert from "node:assert/strict";
import { test } from "node:test";
import {
  branch,
  mergeRequest,
  pipeline,
  project,
  readAnswer,
  tag,
  tagRules,
} from "../../src/gitlab/answers.ts";
import * as z from "../../src/zod.ts";

const sha = "a".repeat(40);
const at = "2026-11-20T12:00:00.000+01:00";

test("members that GitLab hides from some are undefined", () => {
  const read = readAnswer(project, { id: 7, path_with_namespace: "acme/Tools" }, "ask");
  assert.deepEqual(read, {
    id: 7,
    path: "acme/Tools",
    defaultBranch: undefined,
    visibility: undefined,
    forkedFrom: undefined,
    registry: undefined,
    forkPipelines: undefined,
    cleanup: undefined,
  });
});

test("a cleanup policy is read with the newer name of its pattern", () => {
  const names = { name_regex: "old", name_regex_delete: ".*", name_regex_keep: null };
  const policy = { enabled: true, keep_n: 10, older_than: "90d", ...names };
  const from = { id: 7, path_with_namespace: "a/b", container_expiration_policy: policy };
  assert.deepEqual(readAnswer(project, from, "ask").cleanup, {
    enabled: true,
    keepNewest: 10,
    olderThan: "90d",
    deletes: ".*",
    keeps: undefined,
  });
});

test("times keep their zone", () => {
  const { createdAt } = readAnswer(tag, { name: "x", created_at: at }, "ask");
  assert.equal(createdAt?.toISOString(), "2026-11-20T11:00:00.000Z");
});

test("a tag of an index has no time on some servers", () =>
  assert.deepEqual(readAnswer(tag, { name: "x", digest: null, created_at: null }, "ask"), {
    name: "x",
    digest: undefined,
    createdAt: undefined,
  }));

const good = { id: 1, sha, status: "success" };
const wrong: readonly (readonly [string, z.ZodType, unknown, RegExp])[] = [
  ["what is no JSON", project, undefined, /not JSON/],
  ["an error that came as a good answer", project, { message: "x" }, /answer id is not/],
  ["a list for one thing", pipeline, [], /the whole is not/],
  ["a commit that is no commit", pipeline, { ...good, sha: "--upload-pack" }, /answer sha is not/],
  ["a pipeline with a time that is none", pipeline, { ...good, created_at: "soon" }, /created_at/],
  ["a branch without a commit", branch, { name: "x", commit: {} }, /commit\.id/],
  ["a merge request without a number", mergeRequest, { sha }, /iid/],
  ["one rule for many", tagRules, { id: 1 }, /the whole/],
];

for (const [name, shape, answer, message] of wrong)
  test(`${name} is an error that says where and not what`, () =>
    assert.throws(() => readAnswer(shape, answer, "ask"), { code: "GITLAB_ANSWER", message }));

test("one wrong item makes a whole listing wrong, for one with a hole would mislead", () => {
  const listing = [good, { ...good, id: "2" }];
  assert.throws(() => readAnswer(z.array(pipeline), listing, "ask"), /1\.id/);
});
