import assert from "node:assert/strict";
import { test } from "node:test";
import { retry } from "../../src/output/pipeline.ts";
import {
  type Jobs,
  nameProblems,
  needsProblems,
  retryProblems,
  scriptProblems,
  shapeProblems,
} from "./checks.ts";

const run = { stage: "a", script: ["berth plan"], retry, interruptible: true };

test("each check finds what it is for", () => {
  const cases: readonly [found: readonly string[], problem: RegExp][] = [
    [nameProblems(["default"], "b-"), /^default is a keyword for the whole pipeline$/],
    [nameProblems([".use"], "b-"), /^\.use does not begin with b-$/],
    [shapeProblems({ a: { stage: "a" } }), /^a needs a script or a trigger$/],
    [shapeProblems({ a: { script: ["a"], interruptible: true } }), /^a has no stage$/],
    [shapeProblems({ a: { stage: "a", script: ["a"] } }), /whether it is interruptible$/],
    [shapeProblems({ a: { ...run, artifacts: { paths: [] } } }), /never expire$/],
    [retryProblems({ a: { script: ["a"] } }), /^a does not retry/],
    [retryProblems({ ".a": { retry: 2 } }), /^\.a does not retry/],
    [needsProblems({ "b-a": { needs: ["b-b"] } }, "b-"), /^b-a needs b-b, which is no job$/],
    [
      needsProblems({ ".b-use": { needs: ["b-a"] }, "b-a": { rules: [{ when: "never" }] } }, "b-"),
      /^\.b-use needs b-a, which never runs$/,
    ],
    [
      needsProblems({ "b-a": { needs: [{ job: "b-b" }] }, "b-b": { rules: [{ if: "$A" }] } }, "b-"),
      /^b-a needs b-b, which is not in the same pipelines$/,
    ],
    [
      needsProblems({ "b-a": { trigger: { include: [{ artifact: "a.yml", job: "b-b" }] } } }, "b-"),
      /^b-a needs b-b, which is no job$/,
    ],
  ];
  for (const [found, problem] of cases) assert.match(found.join("\n"), problem);
});

test("sound jobs pass every check", () => {
  const rules = [{ if: "$B", when: "never" }, { if: "$A", when: "manual" }, { when: "on_success" }];
  const jobs: Jobs = {
    "b-plan": { ...run, rules },
    "b-images": {
      stage: "a",
      trigger: { include: [{ artifact: "a.yml", job: "b-plan" }] },
      needs: ["b-plan", { job: "lint" }, { job: "b-gone", optional: true }],
      rules: [{ if: "$B", when: "never" }, { when: "always" }],
    },
    ".b-use": { needs: ["b-plan", { job: "b-images", artifacts: false }] },
  };
  assert.deepEqual(nameProblems(Object.keys(jobs), "b-"), []);
  assert.deepEqual(needsProblems(jobs, "b-"), []);
  for (const check of [shapeProblems, retryProblems, scriptProblems])
    assert.deepEqual(check(jobs), []);
});

test("a script line is one plain command", () => {
  const problems = (line: string) => scriptProblems({ a: { script: [line] } });
  for (const line of [
    "berth plan",
    "berth build debian --config 'ci/a.yml'",
    'berth key "$IMAGE"',
    "cat ${A}/b",
  ])
    assert.deepEqual(problems(line), []);
  const logic = [
    "a && b",
    "a | b",
    "a; b",
    "$(a)",
    "a `b`",
    "if a",
    "a\nb",
    "[ a ]",
    "A=1 a",
    "a > b",
    "test -n a",
    ". ./a",
  ];
  for (const line of logic) assert.equal(problems(line).length, 1, line);
});
