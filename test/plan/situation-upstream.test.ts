import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { printRepository } from "../../src/oci/reference.ts";
import { situationOf } from "../../src/plan/situation.ts";
import type { Variables } from "../support/job-variables.ts";
import { config } from "../support/keyed.ts";
import { branch, jobIn, mergeRequest, projects, registryOf } from "./pipelines.ts";

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

const rows: readonly (readonly [
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
  for (const [what, job, configured, variable, is] of rows) {
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

  test("keeps its own registry whatever a variable says", () => {
    const here = told(jobIn("upstream", branch("master", true)), "qemu-project", "alice/qemu");
    assert.equal(here.own && printRepository(here.own), registryOf.upstream);
    assert.equal(here.is, "upstream reads nothing else");
    assert.equal(projects.upstream.path, "qemu-project/qemu");
  });
});
