import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Job, Pipeline } from "../../src/gitlab/gitlab.ts";
import { ownTags } from "../../src/image/key.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { adoptable, claimOf, doubtAbout, type Facts, judge } from "../../src/plan/adopt.ts";
import { situationOf } from "../../src/plan/situation.ts";
import { config, jobEnv, keyedImage, someDigest } from "../support/keyed.ts";

const commit = "c".repeat(40);
const parentDigest = digestOf("the parent");
const image = keyedImage("child", { parents: ["base"] });
const { key } = image;

const pipeline: Pipeline = {
  id: 5001,
  project: 101,
  sha: commit,
  ref: "refs/merge-requests/7/head",
  status: "success",
  source: "merge_request_event",
  createdAt: undefined,
  updatedAt: undefined,
};
const job: Job = {
  id: 90001,
  name: "berth build child",
  status: "success",
  ref: pipeline.ref,
  tag: false,
  commit,
  user: "olga",
  pipeline,
  finishedAt: undefined,
};
const outcome = {
  name: "child",
  key,
  result: "built",
  digest: someDigest,
  parents: { base: parentDigest },
};
const proven: Facts = {
  image,
  digest: someDigest,
  project: 101,
  claim: { job: 90001, pipeline: 5001 },
  job,
  origin: pipeline,
  sameFiles: true,
  outcome: JSON.stringify(outcome),
  parents: new Map([["base", parentDigest]]),
};

const withJob = (change: Partial<Job>): Partial<Facts> => ({ job: { ...job, ...change } });
const withOrigin = (change: Partial<Pipeline>): Partial<Facts> => ({
  origin: { ...pipeline, ...change },
});
const withOutcome = (change: object): Partial<Facts> => ({
  outcome: JSON.stringify({ ...outcome, ...change }),
});

describe("an image that a merge request's pipeline built", () => {
  test("is adopted where every fact is proven, and names its job and commit", () => {
    assert.deepEqual(judge(proven), { job: 90001, commit });
  });

  test("is adopted from a child of that pipeline, too", () => {
    const child = { ...pipeline, id: 5002, source: "parent_pipeline" };
    assert.deepEqual(judge({ ...proven, ...withJob({ pipeline: child }) }), { job: 90001, commit });
  });

  const cases: readonly (readonly [string, Partial<Facts>, RegExp])[] = [
    ["no such job", { job: undefined }, /^this project has no job 90001$/],
    ["another job than claimed", withJob({ id: 4 }), /^this project has no job 90001$/],
    [
      "a job of a fork",
      withJob({ pipeline: { ...pipeline, project: 102 } }),
      /^job 90001 is of another project$/,
    ],
    ["a job that failed", withJob({ status: "failed" }), /^job 90001 is failed, not success$/],
    ["a job under way", withJob({ status: "running" }), /is running, not success$/],
    ["a job at another commit", withJob({ commit: "d".repeat(40) }), /ran at another commit$/],
    [
      "nothing that started it",
      { origin: undefined },
      /^GitLab does not confirm that pipeline 5001/,
    ],
    ["another pipeline", withOrigin({ id: 6 }), /^GitLab does not confirm/],
    [
      "a pipeline of a fork",
      withOrigin({ project: 102 }),
      /another project or commit than its job$/,
    ],
    [
      "a pipeline at another commit",
      withOrigin({ sha: "d".repeat(40) }),
      /or commit than its job$/,
    ],
    ...["push", "web", "api", "trigger", "schedule", "parent_pipeline", undefined].map(
      (source) =>
        [
          `a pipeline by ${source}`,
          withOrigin({ source }),
          /^pipeline 5001 is none of a merge request, .* its variables$/,
        ] as const,
    ),
    ["a branch", withOrigin({ ref: "topic" }), /none of a merge request/],
    [
      "a commit that is not here",
      { sameFiles: undefined },
      /^git cannot compare its commit c{12} /,
    ],
    ["other files", { sameFiles: false }, /^its commit c{12} has other files than this one$/],
    ["no outcome", { outcome: undefined }, /^job 90001 keeps no outcome of it \(any more\)$/],
    ["an outcome that is no JSON", { outcome: "<html>" }, /keeps no outcome/],
    ["an outcome that is a list", { outcome: "[]" }, /keeps no outcome/],
    ["another image's outcome", withOutcome({ name: "base" }), /is of another image or key$/],
    ["another key's outcome", withOutcome({ key: "0".repeat(64) }), /is of another image or key$/],
    ...["adopted", "reused", "copied", "failed", "skipped", undefined].map(
      (result) =>
        [
          `the result ${result}`,
          withOutcome({ result }),
          /^job 90001 did not build it itself$/,
        ] as const,
    ),
    [
      "another digest",
      withOutcome({ digest: digestOf("other") }),
      /built another image than is under this tag now$/,
    ],
    [
      "another parent",
      withOutcome({ parents: { base: someDigest } }),
      /^job 90001 built it upon another image of base than is used here$/,
    ],
    [
      "no parents in the outcome",
      withOutcome({ parents: undefined }),
      /upon another image of base/,
    ],
    ["a parent that is built now", { parents: new Map() }, /upon another image of base/],
  ];
  for (const [name, change, expected] of cases) {
    test(`is built again with ${name}`, () => {
      const verdict = judge({ ...proven, ...change });
      assert.equal(typeof verdict, "string");
      assert.match(String(verdict), expected);
    });
  }

  test("is judged by what is known so far, in order", () => {
    const { job: _, origin: __, ...none } = proven;
    assert.equal(doubtAbout({ ...none, sameFiles: false }), undefined);
    assert.match(doubtAbout({ ...none, ...withJob({ status: "failed" }) }) ?? "", /failed/);
    assert.equal(doubtAbout({ ...none, job, sameFiles: false }), undefined);
  });
});

test("a claim is two numbers and the key, and nothing else of annotations counts", () => {
  const annotations = { "berth.key": ownTags.key(key), "berth.job": "12", "berth.pipeline": "7" };
  assert.deepEqual(claimOf(annotations, key), { job: 12, pipeline: 7 });
  for (const change of [
    { "berth.key": ownTags.key("0".repeat(64)) },
    { "berth.job": "" },
    { "berth.job": "12/../13" },
    { "berth.job": "-1" },
    { "berth.job": "0012" },
    { "berth.pipeline": "1e3" },
    { "berth.pipeline": "9".repeat(30) },
  ])
    assert.equal(claimOf({ ...annotations, ...change }, key), undefined, JSON.stringify(change));
  assert.equal(claimOf({}, key), undefined);
});

describe("adoption is thought of", () => {
  const settings = config({ upstream: "qemu-project" });
  const protectedBranch = { CI_COMMIT_BRANCH: "main", CI_COMMIT_REF_PROTECTED: "true" };
  const seen = { sightings: new Map([["there", [{} as never]]]) };
  const images = [keyedImage("absent"), keyedImage("there")];
  const names = (project: string, env: Record<string, string>) =>
    adoptable(images, seen, situationOf(jobEnv(project, env), settings, undefined)).map(
      ({ name }) => name,
    );

  test("in protected pipelines of upstream, for images that are not there", () => {
    assert.deepEqual(names("qemu-project/qemu", protectedBranch), ["absent"]);
  });

  const nowhere: readonly (readonly [string, string, Record<string, string>])[] = [
    [
      "on a branch that is not protected",
      "qemu-project/qemu",
      { CI_COMMIT_REF_PROTECTED: "false" },
    ],
    ["in a fork", "alice/qemu", protectedBranch],
    [
      "in a merge request",
      "qemu-project/qemu",
      { CI_MERGE_REQUEST_IID: "4", CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "1" },
    ],
    ["for what is forced", "qemu-project/qemu", { ...protectedBranch, QEMU_CI_FORCE_REBUILD: "1" }],
  ];
  for (const [name, project, env] of nowhere)
    test(`not ${name}`, () => assert.deepEqual(names(project, env), []));
});
