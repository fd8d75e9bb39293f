/** What went wrong with QEMU's rules over the years, each as a test; docs/migrate-qemu.md tells the dates. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  contentWith,
  type IncludedTemplate,
  jobsIn,
  pipelineText,
  templateText,
  type Variables,
} from "../support/ci-files.ts";
import { cellOf } from "./probes.ts";
import type { Cell } from "./table.ts";

const rules: IncludedTemplate = {
  template: "rules",
  inputs: { prefix: "QEMU_CI", flags: "QEMU_JOB", upstream: "qemu-project" },
};
const hidden = ["rules", "rules-images", "rules-images-after", "rules-promote"];

interface Rule {
  readonly if?: string;
}

const content = contentWith(templateText("rules"), rules.inputs) as Readonly<
  Record<string, { readonly rules: readonly Rule[] }>
>;
const all = hidden.flatMap((name) => content[`.berth-${name}`]?.rules ?? []);
const expressions = all.flatMap((rule) => rule.if ?? []);
const keys = [...new Set(all.flatMap((rule) => Object.keys(rule)))].sort();

test("all rules are looked at", () => assert.equal(all.length, 8 + 6 + 5 + 1));

test("no rule looks at changed files, which a second push of a branch does not see", () =>
  assert.deepEqual(keys, ["allow_failure", "if", "when"]));

test("no rule chooses a tag, so no flag of a job can choose another one", () =>
  assert.ok(!keys.includes("variables")));

const project = { CI_PROJECT_NAMESPACE: "qemu-project", CI_PROJECT_PATH: "qemu-project/qemu" };
const pushed = (branch: string): Variables => ({
  ...project,
  CI_PIPELINE_SOURCE: "push",
  CI_COMMIT_BRANCH: branch,
  CI_DEFAULT_BRANCH: "master",
});

const forkSchedule: Variables = {
  CI_PROJECT_NAMESPACE: "alice",
  CI_PROJECT_PATH: "alice/qemu",
  CI_PIPELINE_SOURCE: "schedule",
  CI_COMMIT_BRANCH: "master",
  CI_DEFAULT_BRANCH: "master",
};

test("a schedule in a fork is no mistake for a weekly job that needs the images", async () => {
  const plan = { extends: ".berth-rules-images", script: "true" };
  const weekly = { extends: ".berth-rules-images-after", needs: ["plan"], script: "true" };
  const careless = { rules: [{ if: '$CI_PIPELINE_SOURCE == "schedule"' }] };
  const good = pipelineText([rules], { plan, weekly });
  for (const env of [forkSchedule, { ...forkSchedule, ...project }]) await jobsIn(good, env);
  const bad = pipelineText([rules], { plan, weekly: { ...weekly, ...careless } });
  await assert.rejects(jobsIn(bad, forkSchedule), /'weekly' job needs 'plan' job/);
});

test("GitLab takes no branch for an empty one, which the pattern of staging may match", async () => {
  const any: IncludedTemplate = { ...rules, inputs: { ...rules.inputs, staging: "/.*/" } };
  const text = pipelineText([any], { job: { extends: ".berth-rules", script: "true" } });
  const does = async (env: Variables): Promise<Cell> =>
    cellOf((await jobsIn(text, env)).get("job"));
  assert.equal(await does(pushed("topic")), "at once");
  const { CI_COMMIT_BRANCH: _, ...tag } = pushed("");
  assert.equal(await does(tag), "never");
});

const wordsOf = (expression: string): readonly string[] =>
  expression.match(/[()]|\$\w+|"[^"]*"|'[^']*'|\/(?:[^/]|\\\/)+\/\w*|null|[=!][=~]|&&|\|\|/g) ?? [];

test("no expression has more words than GitLab reads", () => {
  const longest = Math.max(...expressions.map((expression) => wordsOf(expression).length));
  assert.ok(longest > 60 && longest < 100, String(longest));
});

test("every variable is compared, since an empty one counts as true within an expression", () => {
  for (const words of expressions.map(wordsOf))
    for (const [i, each] of words.entries()) {
      const beside = `${words[i - 1]} ${words[i + 1]}`;
      if (each.startsWith("$")) assert.match(beside, /[=!][=~]/, `${each} in ${words.join(" ")}`);
    }
});
