import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { JobOptions } from "../support/gitlab-jobs.ts";
import { startGitLab, type TestGitLab } from "../support/gitlab-server.ts";
import type { Variables } from "../support/job-variables.ts";

const told = [
  ...["CI_PROJECT_PATH", "CI_MERGE_REQUEST_PROJECT_PATH", "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH"],
  ...["CI_PIPELINE_SOURCE", "CI_COMMIT_BRANCH", "CI_COMMIT_TAG", "CI_COMMIT_REF_NAME"],
  ...["CI_COMMIT_REF_PROTECTED", "CI_MERGE_REQUEST_EVENT_TYPE"],
] as const;

/** The values of those, one after another; `-` where a variable is not there. */
const rows: readonly (readonly [row: Row, values: string])[] = [
  [{ of: "fork", branch: "topic" }, "jane/Tools - - push topic - topic false -"],
  [{ of: "upstream" }, "acme/Tools - - push main - main true -"],
  [{ of: "upstream", source: "schedule" }, "acme/Tools - - schedule main - main true -"],
  [{ of: "upstream", tag: "v1.0" }, "acme/Tools - - push - v1.0 v1.0 true -"],
  [
    { of: "fork", from: "fork", event: "detached" },
    "jane/Tools acme/Tools jane/Tools merge_request_event - - topic false detached",
  ],
  [
    { of: "upstream", from: "fork", event: "merged_result" },
    "acme/Tools acme/Tools jane/Tools merge_request_event - - topic false merged_result",
  ],
  [
    { of: "upstream", from: "upstream", event: "merge_train" },
    "acme/Tools acme/Tools acme/Tools merge_request_event - - topic false merge_train",
  ],
  [
    { of: "fork", from: "fork", source: "parent_pipeline" },
    "jane/Tools acme/Tools jane/Tools parent_pipeline - - topic false detached",
  ],
];

type Row = JobOptions & { readonly of: "fork" | "upstream"; readonly from?: "fork" | "upstream" };

describe("variables of a job", () => {
  let gitlab: TestGitLab;
  let env: (row: Row) => Variables;

  before(async () => {
    gitlab = await startGitLab();
    const upstream = gitlab.project("acme/Tools", { members: { olga: "maintainer" } });
    upstream.history.add("main");
    const fork = gitlab.fork(upstream, "jane/Tools", { members: { jane: "owner" } });
    const projects = { fork, upstream };
    for (const project of [fork, upstream]) {
      project.history.point("topic", "main");
      project.history.add("topic");
    }
    upstream.history.add("main");
    env = ({ of, from, ...options }) => {
      const request = from && gitlab.request(projects[from], "topic", upstream);
      return gitlab.job(projects[of], { ...options, ...(request && { request }) }).env;
    };
  });
  after(() => gitlab.stop());

  for (const [row, values] of rows)
    test(`of ${JSON.stringify(row)} are what GitLab tells`, () => {
      const variables = env(row);
      assert.equal(told.map((variable) => variables[variable] ?? "-").join(" "), values);
    });

  test("a detached pipeline has the head as its commit and empty branch commits", () => {
    const variables = env({ of: "fork", from: "fork", event: "detached" });
    assert.notEqual(variables["CI_COMMIT_SHA"], "");
    assert.equal(variables["CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"], "");
    assert.equal(variables["CI_MERGE_REQUEST_TARGET_BRANCH_SHA"], "");
    assert.match(variables["CI_MERGE_REQUEST_DIFF_BASE_SHA"] ?? "", /^[0-9a-f]{40}$/);
    assert.match(variables["CI_MERGE_REQUEST_REF_PATH"] ?? "", /^refs\/merge-requests\/\d+\/head$/);
  });

  test("a merged result is a commit of its own between both heads", () => {
    const variables = env({ of: "upstream", from: "fork", event: "merged_result" });
    const commits = [
      "CI_COMMIT_SHA",
      "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA",
      "CI_MERGE_REQUEST_TARGET_BRANCH_SHA",
      "CI_MERGE_REQUEST_DIFF_BASE_SHA",
    ];
    const values = commits.map((name) => variables[name] ?? "");
    assert.ok(values.every((value) => /^[0-9a-f]{40}$/.test(value)));
    assert.equal(new Set(values).size, 4);
    assert.equal(variables["CI_COMMIT_BEFORE_SHA"], "0".repeat(40));
  });

  test("the registry's base is in lower case, and not there where the registry is off", () => {
    const on = env({ of: "upstream" });
    assert.equal(on["CI_REGISTRY_IMAGE"], `${gitlab.registry.host}/acme/tools`);
    const off = gitlab.project("acme/off", { registry: "disabled" });
    off.history.add("main");
    assert.equal("CI_REGISTRY_IMAGE" in gitlab.job(off).env, false);
  });

  test("what a user sets wins over GitLab's own", () => {
    const variables = { CI_COMMIT_REF_PROTECTED: "true", QEMU_CI: "1" };
    const set = env({ of: "fork", branch: "topic", variables });
    assert.equal(set["CI_COMMIT_REF_PROTECTED"], "true");
    assert.equal(set["QEMU_CI"], "1");
  });
});
