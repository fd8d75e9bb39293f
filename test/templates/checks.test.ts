import assert from "node:assert/strict";
import { test } from "node:test";
import { retry } from "../../src/output/pipeline.ts";
import {
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

test("a script line is one plain command", () => {
  const problems = (line: string) => scriptProblems({ a: { script: [line] } });
  assert.deepEqual(problems(`berth build debian --config 'ci/a.yml' "$IMAGE"`), []);
  const logic =
    "a && b, a | b, a; b, $(a), a `b`, if a, a\nb, [ a ], A=1 a, a > b, test -n a, . ./a";
  for (const line of logic.split(", ")) assert.equal(problems(line).length, 1, line);
});
