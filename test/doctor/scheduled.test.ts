import assert from "node:assert/strict";
import { test } from "node:test";
import { jobsInSchedules } from "../../src/doctor/scheduled.ts";

const include = `include:
  - component: $CI_SERVER_FQDN/berth-ci/berth/images@0.1.0
    inputs: { gate: rules-images }
  - component: $CI_SERVER_FQDN/berth-ci/berth/rules@0.1.0
    inputs: { upstream: acme, flags: ACME_JOB }
`;
const flag = "variables: { ACME_JOB_SCHEDULED: 1 }";

const rows: readonly (readonly [what: string, job: string, runs: boolean])[] = [
  ["a job without rules", "script: a", true],
  ["one with the component's rules", "extends: [.berth-use, .berth-rules]", false],
  ["the same in another order", "extends: [.berth-rules, .berth-use]", false],
  ["the same by reference", "rules: [!reference [.berth-rules, rules]]", false],
  ["the same with its flag", `extends: [.berth-use, .berth-rules]\n  ${flag}`, true],
  [
    "one that switches its flag off",
    "extends: .berth-rules\n  variables: { ACME_JOB_SCHEDULED: 0 }",
    false,
  ],
  ["one that runs where images are planned", "extends: .berth-rules-images-after", true],
  ["one that extends what is not here", "extends: [.berth-rules, .elsewhere]", true],
  ["one for pushes", 'rules: [{if: $CI_PIPELINE_SOURCE == "push"}]', false],
  ["one for everything but schedules", 'rules: [{if: $CI_PIPELINE_SOURCE != "schedule"}]', false],
  [
    "one that schedules leave out first",
    'rules: [{if: $CI_PIPELINE_SOURCE == "schedule", when: never}, {when: on_success}]',
    false,
  ],
  ["one that waits for a click", "rules: [{when: manual}]", false],
  ["one of a branch", "rules: [{if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH}]", true],
  ["one of two conditions", `rules: [{if: '$A || $CI_PIPELINE_SOURCE == "push"'}]`, true],
  ["one that looks at files", "rules: [{changes: [a]}]", true],
  ["one that may be left out before", "rules: [{if: $A, when: never}, {when: always}]", true],
  ["one that no rule takes", "rules: []", false],
];

for (const [what, job, runs] of rows) {
  test(`${what} ${runs ? "may run" : "does not run"} in upstream's schedules`, async () => {
    const source = { project: "", paths: [], read: async () => undefined };
    const found = await jobsInSchedules(`${include}check:\n  ${job}\n`, source);
    assert.deepEqual(found, runs ? ["check"] : []);
  });
}
