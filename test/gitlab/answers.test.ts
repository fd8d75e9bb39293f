import assert from "node:assert/strict";
import { test } from "node:test";
import type { ZodType } from "zod";
import { readMany, readOne } from "../../src/gitlab/answer.ts";
import { job, pipeline } from "../../src/gitlab/pipeline-answers.ts";
import { project } from "../../src/gitlab/project-answers.ts";
import { repository, tag, tagRules } from "../../src/gitlab/registry-answers.ts";
import { branch, mergeRequest } from "../../src/gitlab/repository-answers.ts";

const sha = "a".repeat(40);
const at = "2026-11-20T12:00:00.000+01:00";

test("members that GitLab hides from some are undefined", () => {
  const read = readOne(
    project,
    JSON.stringify({ id: 7, path_with_namespace: "acme/Tools" }),
    "ask",
  );
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
  const policy = {
    enabled: true,
    keep_n: 10,
    older_than: "90d",
    name_regex: "old",
    name_regex_delete: ".*",
    name_regex_keep: null,
  };
  const text = JSON.stringify({
    id: 7,
    path_with_namespace: "a/b",
    container_expiration_policy: policy,
  });
  assert.deepEqual(readOne(project, text, "ask").cleanup, {
    enabled: true,
    keepNewest: 10,
    olderThan: "90d",
    deletes: ".*",
    keeps: undefined,
  });
});

test("times keep their zone", () => {
  const from = {
    id: 1,
    path: "acme/tools/base",
    location: "r/acme/tools/base",
    created_at: at,
    status: null,
  };
  assert.equal(
    readOne(repository, JSON.stringify(from), "ask").createdAt.toISOString(),
    "2026-11-20T11:00:00.000Z",
  );
});

test("a tag of an index has neither time nor size on some servers", () => {
  assert.deepEqual(readOne(tag, '{"name":"x","digest":null,"created_at":null}', "ask"), {
    name: "x",
    digest: undefined,
    createdAt: undefined,
    totalSize: undefined,
  });
});

const good = { id: 1, project_id: 2, sha, ref: "main", status: "success" };
const wrong: readonly (readonly [string, ZodType, unknown, RegExp])[] = [
  ["a page of HTML", project, "<html>", /not JSON/],
  ["nothing", project, "", /not JSON/],
  ["an error that came as a good answer", project, '{"message":"x"}', /answer id is not/],
  ["a list for one thing", pipeline, "[]", /the whole is not/],
  ["a commit that is no commit", pipeline, { ...good, sha: "--upload-pack" }, /answer sha is not/],
  [
    "a job without a pipeline",
    job,
    { id: 1, name: "x", status: "success", ref: "main", tag: false },
    /pipeline/,
  ],
  [
    "a branch with a time that is none",
    branch,
    { name: "x", protected: true, default: true, commit: { id: sha, committed_date: "soon" } },
    /commit\.committed_date/,
  ],
  [
    "a merge request without a target",
    mergeRequest,
    { iid: 1, state: "opened", source_branch: "x", target_branch: "y", updated_at: at },
    /target_project_id/,
  ],
  ["one rule for many", tagRules, { id: 1 }, /the whole/],
];

for (const [name, shape, body, message] of wrong) {
  test(`${name} is an error that says where and not what`, () => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    assert.throws(() => readOne(shape, text, "ask"), { code: "GITLAB_ANSWER", message });
  });
}

test("one wrong item makes a whole page wrong, for a listing with a hole would mislead", () => {
  const text = JSON.stringify([good, { ...good, id: "2" }]);
  assert.throws(() => readMany(pipeline, text, "ask"), /1\.id/);
});
