import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { printRepository } from "../../src/oci/reference.ts";
import { asUntrusted, situationOf } from "../../src/plan/situation.ts";
import { tagsToPromote } from "../../src/publish/promote.ts";
import type { Variables } from "../support/job-variables.ts";
import { branch, jobIn, mergeRequest, qemu, registryOf, shas, tag } from "./pipelines.ts";

type Row = readonly [
  what: string,
  job: Variables,
  is: `${"upstream" | "fork"} ${"trusted" | "untrusted"} ${"protected" | "open"}`,
  branch?: string,
  promotes?: string,
];

const weekly = { by: "schedule" } as const;
const both = { sourceProtected: true, targetProtected: true, protectsRequests: true } as const;
const train = mergeRequest("fork", "merge_train");
const asMaster = mergeRequest("fork", "merged_result", { sourceBranch: "master" });
const asStaging = mergeRequest("fork", "detached", { sourceBranch: "staging" });
const guarded = mergeRequest("upstream", "detached", both);

/** Every kind of pipeline that GitLab knows, and every kind of branch that QEMU has. */
const pipelines: readonly Row[] = [
  ["a fork's branch", jobIn("fork", branch("topic")), "fork trusted open", "topic"],
  ["a fork's default branch", forkMaster(), "fork trusted protected", "master", "latest"],
  ["a fork's tag", jobIn("fork", tag("v1", false)), "fork trusted open"],
  ["a fork's schedule", jobIn("fork", branch("topic"), weekly), "fork trusted open", "topic"],
  ["a fork's request run there", jobIn("fork", mergeRequest("fork")), "fork trusted open"],
  ["the same run here", jobIn("upstream", mergeRequest("fork")), "fork untrusted open"],
  ["a fork's request on a merge train", jobIn("upstream", train), "fork untrusted open"],
  ["one from a branch `master`", jobIn("upstream", asMaster), "fork untrusted open"],
  ["one from a branch `staging`", jobIn("upstream", asStaging), "fork untrusted open"],
  ["a request inside", jobIn("upstream", mergeRequest("upstream")), "upstream trusted open"],
  ["a request that GitLab protects", jobIn("upstream", guarded), "upstream trusted open"],
  ["staging", up("staging"), "upstream trusted protected", "staging", "latest"],
  ["stable staging", up("staging-9.2"), "upstream trusted protected", "staging-9.2", "staging-9-2"],
  ["a stable branch", up("stable-9.2"), "upstream trusted protected", "stable-9.2"],
  ["the default branch", up("master"), "upstream trusted protected", "master", "latest"],
  ["a topic branch", jobIn("upstream", branch("topic")), "upstream trusted open", "topic"],
  ["a name that holds staging", up("mystaging-1"), "upstream trusted protected", "mystaging-1"],
  ["a tag", jobIn("upstream", tag("v9.2.0")), "upstream trusted protected"],
  ["the schedule", scheduled("master"), "upstream trusted protected", "master", "latest"],
  [
    "a schedule of stable staging, which leaves latest alone",
    scheduled("staging-9.2"),
    "upstream trusted protected",
    "staging-9.2",
    "staging-9-2",
  ],
];

function forkMaster(): Variables {
  return jobIn("fork", branch("master", true));
}

function scheduled(name: string): Variables {
  return jobIn("upstream", branch(name, true), weekly);
}

function up(name: string): Variables {
  return jobIn("upstream", branch(name, true));
}

describe("situationOf, from GitLab's variables with QEMU's configuration", () => {
  for (const [what, job, is, branchName, promotes] of pipelines) {
    test(`${what}: ${is}, promotes ${promotes ?? "nothing"}`, () => {
      const role = is.startsWith("fork") ? "fork" : "upstream";
      const here = situationOf(job, qemu, undefined);
      assert.deepEqual(
        {
          is: [
            here.role,
            here.untrusted === undefined ? "trusted" : "untrusted",
            here.protected ? "protected" : "open",
          ].join(" "),
          scheduled: here.scheduled,
          branch: here.branch,
          own: here.own && printRepository(here.own),
          reads: here.upstream && printRepository(here.upstream),
          promotes: tagsToPromote(qemu, here).join() || undefined,
          warnings: here.warnings,
        },
        {
          is,
          scheduled: job["CI_PIPELINE_SOURCE"] === "schedule",
          branch: branchName,
          own: is.includes("untrusted") ? `${registryOf.upstream}/try` : registryOf[role],
          reads: role === "fork" ? registryOf.upstream : undefined,
          promotes,
          warnings: [],
        },
      );
    });
  }

  test("does not look at the name of the ref, which a fork chooses", () => {
    const job = jobIn("upstream", mergeRequest("fork"));
    const told = situationOf(job, qemu, undefined);
    for (const name of ["master", "staging", "staging-9.2"])
      assert.deepEqual(situationOf({ ...job, CI_COMMIT_REF_NAME: name }, qemu, undefined), told);
  });

  test("believes no merge request whose source project GitLab does not name any more", () => {
    const job = jobIn("upstream", mergeRequest("fork"));
    const gone = { ...job, CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "" };
    assert.match(situationOf(gone, qemu, undefined).untrusted ?? "", /another project/);
  });

  test("leaves what an untrusted run writes to such runs, in upstream and in a fork", () => {
    const bases = (job: Variables) => {
      const { own, upstream } = asUntrusted(situationOf(job, qemu, undefined), "403");
      return [own, upstream].map((base) => base && printRepository(base));
    };
    const topic = branch("topic");
    const { upstream, fork } = registryOf;
    assert.deepEqual(bases(jobIn("upstream", topic)), [`${upstream}/try`, upstream]);
    assert.deepEqual(bases(jobIn("fork", topic)), [`${fork}/try`, upstream]);
    assert.deepEqual(bases(jobIn("upstream", mergeRequest("fork"))), [`${upstream}/try`, upstream]);
    const here = asUntrusted(situationOf(up("master"), qemu, undefined), "403");
    assert.deepEqual([here.role, tagsToPromote(qemu, here)], ["fork", []]);
    const believed = situationOf(up("master"), qemu, undefined);
    assert.equal(asUntrusted(believed, null), believed);
    assert.equal(asUntrusted(here, "again"), here);
  });

  test("knows the commit of a merged result from its head", () => {
    const job = jobIn("upstream", mergeRequest("fork", "merged_result"));
    const merging = { ...qemu, merge: { bots: [], mergedResults: true } };
    assert.equal(situationOf(job, merging, undefined).merge?.target.head, shas.target);
  });
});
