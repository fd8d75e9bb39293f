import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { printRepository } from "../../src/oci/reference.ts";
import { asUntrusted, ownBase, type Situation, situationOf } from "../../src/plan/situation.ts";
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

const stableSchedule = scheduled("staging-9.2");

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
  ["staging", push("staging"), "upstream trusted protected", "staging", "latest"],
  [
    "stable staging",
    push("staging-9.2"),
    "upstream trusted protected",
    "staging-9.2",
    "staging-9-2",
  ],
  ["a stable branch", push("stable-9.2"), "upstream trusted protected", "stable-9.2"],
  ["the default branch", push("master"), "upstream trusted protected", "master", "latest"],
  ["a topic branch", jobIn("upstream", branch("topic")), "upstream trusted open", "topic"],
  ["a name that holds staging", push("mystaging-1"), "upstream trusted protected", "mystaging-1"],
  ["a tag", jobIn("upstream", tag("v9.2.0")), "upstream trusted protected"],
  ["the schedule", scheduled("master"), "upstream trusted protected", "master", "latest"],
  ["stable staging's", stableSchedule, "upstream trusted protected", "staging-9.2", "staging-9-2"],
];

/** Its own registry's base and upstream's. */
function bases({ own, upstream }: Situation) {
  return [own, upstream].map((base) => base && printRepository(base));
}

function forkMaster(): Variables {
  return jobIn("fork", branch("master", true));
}

function scheduled(name: string): Variables {
  return jobIn("upstream", branch(name, true), weekly);
}

function push(name: string): Variables {
  return jobIn("upstream", branch(name, true));
}

describe("situationOf, from GitLab's variables with QEMU's configuration", () => {
  for (const [what, job, is, branchName, promotes] of pipelines)
    test(`${what}: ${is}, promotes ${promotes ?? "nothing"}`, () => {
      const role = is.startsWith("fork") ? "fork" : "upstream";
      const here = situationOf(job, qemu, undefined);
      const trust = here.untrusted === undefined ? "trusted" : "untrusted";
      assert.equal([here.role, trust, here.protected ? "protected" : "open"].join(" "), is);
      assert.equal(here.scheduled, job["CI_PIPELINE_SOURCE"] === "schedule");
      assert.equal(here.branch, branchName);
      const own = is.includes("untrusted") ? `${registryOf.upstream}/try` : registryOf[role];
      const reads = role === "fork" ? registryOf.upstream : undefined;
      assert.deepEqual(bases(here), [own, reads]);
      assert.equal(tagsToPromote(qemu, here).join() || undefined, promotes);
      assert.deepEqual(here.warnings, []);
    });

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
    const untrusted = (job: Variables) =>
      bases(asUntrusted(situationOf(job, qemu, undefined), "403"));
    const topic = branch("topic");
    const { upstream, fork } = registryOf;
    assert.deepEqual(untrusted(jobIn("upstream", topic)), [`${upstream}/try`, upstream]);
    assert.deepEqual(untrusted(jobIn("fork", topic)), [`${fork}/try`, upstream]);
    const mine = jobIn("upstream", mergeRequest("fork"));
    assert.deepEqual(untrusted(mine), [`${upstream}/try`, upstream]);
    const here = asUntrusted(situationOf(push("master"), qemu, undefined), "403");
    assert.deepEqual([here.role, tagsToPromote(qemu, here)], ["fork", []]);
    const believed = situationOf(push("master"), qemu, undefined);
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
const host = "registry.example.com";
const up = jobIn("upstream", branch("x"));
const foreign = jobIn("fork", mergeRequest("fork"));
const toFork = jobIn("upstream", mergeRequest("upstream", "detached", { target: projects.fork }));
const renamedUpstream = jobIn("upstream", branch("master", true));
const real = `fork reads ${host}/qemu-project/qemu`;
const itself = "upstream reads nothing else";

/** What berth.yml and the variable say, a blank between them; `-` for nothing. */
const named: readonly (readonly [what: string, job: Variables, says: string, is: string])[] = [
  ["a namespace", topic, "- qemu-project", real],
  ["a full path", topic, "- qemu-project/qemu", real],
  ["capitals", topic, "- QEMU-Project", real],
  ["a registry base", topic, `- ${host}/qemu-project/qemu`, real],
  ["a base elsewhere", topic, "127.0.0.1:5000/qemu/qemu -", "fork reads 127.0.0.1:5000/qemu/qemu"],
  ["nothing", up, "- -", itself],
  ["its own path", up, "qemu-project/qemu -", itself],
  ["a path, without a registry", {}, "qemu-project/qemu -", "local reads nothing else"],
  ["the variable before the file", topic, "elsewhere qemu-project", real],
  ["an empty variable", topic, "qemu-project ", real],
  ["the own namespace", topic, "qemu-project alice", real.replace("fork", "upstream")],
  ["the own path", topic, "qemu-project alice/qemu", real.replace("fork", "upstream")],
  ["itself without another", topic, "- alice", itself],
  ["itself in upstream", up, "qemu-project qemu-project", itself],
  ["a namespace with dots", dotted, "- gnu.tools/core", itself],
  ["a path with dots", dotted, "- gnu.tools/core/qemu", itself],
  ["another's path with dots", topic, "Gnu.Tools/qemu -", `fork reads ${host}/gnu.tools/qemu`],
  ["a renamed fork", renamed, "qemu-project -", `fork reads ${host}/qemu-project/my-qemu`],
  ["a fork that is upstream", topic, "qemu-project bob/qemu", `fork reads ${host}/bob/qemu`],
  ["its old path", renamedUpstream, "old/qemu -", `fork reads ${host}/old/qemu`],
  ["a full path, in a renamed fork", renamed, "qemu-project/qemu -", real],
  ["auto in a fork's merge request", foreign, "auto -", real],
  ["auto as the variable", foreign, "auto auto", real],
  ["auto with a variable", topic, "auto qemu-project", real],
  ["auto in a request run here", jobIn("upstream", mergeRequest("fork")), "auto -", real],
  ["auto in upstream's request to a fork", toFork, "auto -", itself],
  ["auto in a branch of a fork", topic, "auto -", itself],
];

describe("upstream", () => {
  for (const [what, job, says, is] of named)
    test(`named by ${what}: ${is}`, () => {
      const [configured, variable] = says.split(" ").map((one) => (one === "-" ? undefined : one));
      assert.equal(told(job, configured, variable).is, is);
    });

  test("is the target of a merge request also where its path looks like a host", () => {
    const job = { ...foreign, CI_MERGE_REQUEST_PROJECT_PATH: "gnu.tools/qemu" };
    assert.equal(told(job, "auto").is, `fork reads ${host}/gnu.tools/qemu`);
  });

  test("that forks would take for a registry's address is warned about where it is known for a path", () => {
    const warning = (job: Variables, upstream: string | undefined) => told(job, upstream).warnings;
    for (const name of ["gnu.tools/core", "gnu.tools/core/qemu"]) {
      const said = `\`upstream: ${name}\`: its first name has a dot, so that forks take it for a registry's address; write ${host}/gnu.tools/core/qemu`;
      assert.deepEqual(warning(dotted, name), [said]);
      assert.deepEqual(warning({ ...dotted, BERTH_INPUT_UPSTREAM: name }, undefined), [said]);
    }
    for (const quiet of ["gnu.tools", `${host}/gnu.tools/core/qemu`, "GNU.tools/core"])
      assert.deepEqual(warning(dotted, quiet), [], quiet);
    assert.deepEqual(warning(topic, "quay.example/qemu"), []);
  });

  test("that nobody named is warned about where GitLab does not tell it", () => {
    const [warning, ...more] = told(topic, "auto").warnings;
    assert.match(
      warning ?? "",
      /^`upstream: auto`: .* QEMU_CI_UPSTREAM, or let `upstream` in berth\.yml/,
    );
    assert.deepEqual(more, []);
    const quiet = [
      told(foreign, "auto"),
      told(jobIn("upstream", mergeRequest("upstream")), "auto"),
      told(renamedUpstream, "auto"),
      told(topic, "auto", "qemu-project"),
      told(topic, undefined),
      told({}, "auto"),
    ];
    for (const { warnings } of quiet) assert.deepEqual(warnings, []);
  });

  const odd =
    "{default}, https://gitlab.example.com/qemu-project, qemu project, -x, Host.example:1/A";
  for (const text of odd.split(", "))
    test(`that is spelt ${text} is refused with the variable's name`, () =>
      assert.throws(() => told(topic, undefined, text), {
        code: "REFERENCE_INVALID",
        message: `read QEMU_CI_UPSTREAM: ${JSON.stringify(text)} names no project`,
        hint: /namespace such as qemu-project/,
      }));

  test("may be given to the component, and a variable wins over that", () => {
    const given = { ...topic, BERTH_INPUT_UPSTREAM: "qemu-project" };
    assert.equal(told(given, undefined).is, real);
    assert.equal(told(given, "elsewhere").is, real);
    const asked = { ...given, BERTH_INPUT_UPSTREAM: "other" };
    assert.equal(told(asked, undefined, "qemu-project").is, real);
    assert.throws(() => told({ ...topic, BERTH_INPUT_UPSTREAM: "a b" }, undefined), {
      message: 'read BERTH_INPUT_UPSTREAM: "a b" names no project',
    });
  });

  test("is told by --registry on a machine, where berth.yml says its path", () => {
    const here = situationOf({}, config({ upstream: "qemu-project/qemu" }), "r.example/alice/qemu");
    assert.equal(here.role, "local");
    assert.deepEqual(bases(here), ["r.example/alice/qemu", "r.example/qemu-project/qemu"]);
  });

  test("keeps its own registry whatever a variable says", () => {
    const here = told(renamedUpstream, "qemu-project", "alice/qemu");
    assert.equal(here.own && printRepository(here.own), registryOf.upstream);
    assert.equal(here.is, "upstream reads nothing else");
    assert.equal(projects.upstream.path, "qemu-project/qemu");
  });
});

test("a registry of its own that is not known is asked for, in CI by GitLab's setting", () => {
  const own = (env: Readonly<Record<string, string>>) => () =>
    ownBase(situationOf(env, config(), undefined));
  assert.throws(own({}), { code: "REGISTRY_UNSET", hint: /--registry/ });
  const hint = /enable the container registry/;
  assert.throws(own({ CI: "true" }), { code: "REGISTRY_UNSET", hint });
});
