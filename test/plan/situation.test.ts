import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { printRepository } from "../../src/oci/reference.ts";
import { asUntrusted, ownBase, situationOf } from "../../src/plan/situation.ts";
import { tagsToPromote } from "../../src/publish/promote.ts";
import type { Variables } from "../support/job-variables.ts";
import { config } from "../support/keyed.ts";
import { branch, jobIn, mergeRequest, projects, qemu, registryOf, shas, tag } from "./pipelines.ts";

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

function told(job: Variables, upstream: string | undefined, variable?: string) {
  const env = variable === undefined ? job : { ...job, QEMU_CI_UPSTREAM: variable };
  const here = situationOf(env, config({ upstream }), undefined);
  const reads = here.upstream && printRepository(here.upstream);
  return { ...here, is: `${here.role} reads ${reads ?? "nothing else"}` };
}

const topic = jobIn("fork", branch("topic"));
const renamed = {
  ...topic,
  CI_PROJECT_NAME: "my-qemu",
  CI_PROJECT_PATH: "alice/my-qemu",
  CI_REGISTRY_IMAGE: "registry.example.com/alice/my-qemu",
};
const dotted = {
  ...topic,
  CI_PROJECT_NAMESPACE: "gnu.tools/core",
  CI_PROJECT_PATH: "gnu.tools/core/qemu",
  CI_REGISTRY_IMAGE: "registry.example.com/gnu.tools/core/qemu",
};
const real = "fork reads registry.example.com/qemu-project/qemu";

const named: readonly (readonly [
  what: string,
  job: Variables,
  configured: string | undefined,
  variable: string | undefined,
  is: string,
])[] = [
  ["a namespace", topic, undefined, "qemu-project", real],
  ["a full path", topic, undefined, "qemu-project/qemu", real],
  ["capitals", topic, undefined, "QEMU-Project", real],
  ["a registry base", topic, undefined, "registry.example.com/qemu-project/qemu", real],
  [
    "a registry base elsewhere",
    topic,
    "127.0.0.1:5000/qemu-project/qemu",
    undefined,
    "fork reads 127.0.0.1:5000/qemu-project/qemu",
  ],
  ["nothing", jobIn("upstream", branch("x")), undefined, undefined, "upstream reads nothing else"],
  [
    "its own path",
    jobIn("upstream", branch("x")),
    "qemu-project/qemu",
    undefined,
    "upstream reads nothing else",
  ],
  [
    "a path, on a machine without a registry",
    {},
    "qemu-project/qemu",
    undefined,
    "local reads nothing else",
  ],
  ["the variable before the file", topic, "elsewhere", "qemu-project", real],
  ["an empty variable", topic, "qemu-project", "", real],
  ["the own namespace", topic, "qemu-project", "alice", real.replace("fork", "upstream")],
  ["the own path", topic, "qemu-project", "alice/qemu", real.replace("fork", "upstream")],
  ["itself without another", topic, undefined, "alice", "upstream reads nothing else"],
  [
    "itself in upstream",
    jobIn("upstream", branch("x")),
    "qemu-project",
    "qemu-project",
    "upstream reads nothing else",
  ],
  ["a namespace with dots", dotted, undefined, "gnu.tools/core", "upstream reads nothing else"],
  ["a path with dots", dotted, undefined, "gnu.tools/core/qemu", "upstream reads nothing else"],
  [
    "a namespace, in a renamed fork",
    renamed,
    "qemu-project",
    undefined,
    "fork reads registry.example.com/qemu-project/my-qemu",
  ],
  [
    "a fork that others call upstream",
    topic,
    "qemu-project",
    "bob/qemu",
    "fork reads registry.example.com/bob/qemu",
  ],
  [
    "its old path, in a renamed project",
    jobIn("upstream", branch("master", true)),
    "old-project/qemu",
    undefined,
    "fork reads registry.example.com/old-project/qemu",
  ],
  ["a full path, in a renamed fork", renamed, "qemu-project/qemu", undefined, real],
  ["auto in a fork's merge request", jobIn("fork", mergeRequest("fork")), "auto", undefined, real],
  ["auto as the variable", jobIn("fork", mergeRequest("fork")), "auto", "auto", real],
  ["auto with a variable", topic, "auto", "qemu-project", real],
  [
    "auto in a request run in upstream",
    jobIn("upstream", mergeRequest("fork")),
    "auto",
    undefined,
    real,
  ],
  ["auto in a branch of a fork", topic, "auto", undefined, "upstream reads nothing else"],
];

describe("upstream", () => {
  for (const [what, job, configured, variable, is] of named) {
    test(`named by ${what}: ${is}`, () => {
      assert.equal(told(job, configured, variable).is, is);
    });
  }

  test("is the target of a merge request also where its path looks like a host", () => {
    const job = jobIn("fork", mergeRequest("fork"));
    const path = { CI_MERGE_REQUEST_PROJECT_PATH: "gnu.tools/qemu" };
    assert.equal(
      told({ ...job, ...path }, "auto").is,
      "fork reads registry.example.com/gnu.tools/qemu",
    );
  });

  test("that nobody named is warned about where GitLab does not tell it", () => {
    const [warning, ...more] = told(topic, "auto").warnings;
    assert.match(
      warning ?? "",
      /^`upstream: auto`: .* QEMU_CI_UPSTREAM, or let `upstream` in berth\.yml/,
    );
    assert.deepEqual(more, []);
    const quiet = [
      told(jobIn("fork", mergeRequest("fork")), "auto"),
      told(jobIn("upstream", mergeRequest("upstream")), "auto"),
      told(jobIn("upstream", branch("master", true)), "auto"),
      told(topic, "auto", "qemu-project"),
      told(topic, undefined),
      told({}, "auto"),
    ];
    for (const { warnings } of quiet) assert.deepEqual(warnings, []);
  });

  for (const text of [
    "{default}",
    "https://gitlab.example.com/qemu-project",
    "qemu project",
    "-x",
    "Host.example:1/A",
  ]) {
    test(`that is spelt ${text} is refused with the variable's name`, () => {
      assert.throws(() => told(topic, undefined, text), {
        code: "REFERENCE_INVALID",
        message: `read QEMU_CI_UPSTREAM: ${JSON.stringify(text)} names no project`,
        hint: /namespace such as qemu-project/,
      });
    });
  }

  test("may be given to the component, and a variable wins over that", () => {
    const given = { ...topic, BERTH_INPUT_UPSTREAM: "qemu-project" };
    assert.equal(told(given, undefined).is, real);
    assert.equal(told(given, "elsewhere").is, real);
    assert.equal(
      told({ ...given, BERTH_INPUT_UPSTREAM: "other" }, undefined, "qemu-project").is,
      real,
    );
    assert.throws(() => told({ ...topic, BERTH_INPUT_UPSTREAM: "a b" }, undefined), {
      message: 'read BERTH_INPUT_UPSTREAM: "a b" names no project',
    });
  });

  test("is told by --registry on a machine, where berth.yml says its path", () => {
    const here = situationOf({}, config({ upstream: "qemu-project/qemu" }), "r.example/alice/qemu");
    const bases = [here.own, here.upstream].map((base) => base && printRepository(base));
    assert.deepEqual(
      [here.role, ...bases],
      ["local", "r.example/alice/qemu", "r.example/qemu-project/qemu"],
    );
  });

  test("keeps its own registry whatever a variable says", () => {
    const here = told(jobIn("upstream", branch("master", true)), "qemu-project", "alice/qemu");
    assert.equal(here.own && printRepository(here.own), registryOf.upstream);
    assert.equal(here.is, "upstream reads nothing else");
    assert.equal(projects.upstream.path, "qemu-project/qemu");
  });
});

test("a registry of its own that is not known is asked for, in CI by GitLab's setting", () => {
  for (const [env, hint] of [
    [{}, /--registry/],
    [{ CI: "true" }, /enable the container registry/],
  ] as const)
    assert.throws(() => ownBase(situationOf(env, config(), undefined)), {
      code: "REGISTRY_UNSET",
      hint,
    });
});
