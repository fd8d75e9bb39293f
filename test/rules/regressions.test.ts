/** What went wrong with QEMU's rules over the years, each as a test; docs/migrate-qemu.md tells the dates. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { holds, wordsOf } from "./expression.ts";
import { gitlabProject, type Include, type ListedJob, type Variables } from "./gitlab.ts";
import { cellOf, evaluate } from "./probes.ts";
import { type Cell, columns, rows } from "./table.ts";

const rules: Include = {
  template: "rules",
  inputs: { prefix: "QEMU_CI", flags: "QEMU_JOB", upstream: "qemu-project" },
};
const hidden = ["rules", "rules-images", "rules-images-after", "rules-promote"];

let listed: ReadonlyMap<string, ListedJob> = new Map();
let expressions: readonly string[] = [];
let keys: readonly string[] = [];

before(async () => {
  const jobs = hidden.map((name) => [name, { extends: `.berth-${name}`, script: "true" }]);
  await using project = await gitlabProject([rules], Object.fromEntries(jobs));
  listed = await project.list();
  const all = [...listed.values()].flatMap((job) => job.rules ?? []);
  assert.equal(all.length, 8 + 6 + 5 + 1);
  expressions = all.flatMap((rule) => rule.if ?? []);
  keys = [...new Set(all.flatMap((rule) => Object.keys(rule)))].sort();
});

test("no rule looks at changed files, which a second push of a branch does not see", () => {
  assert.deepEqual(keys, ["allow_failure", "if", "when"]);
});

test("no rule chooses a tag, so no flag of a job can choose another one", () => {
  assert.ok(!keys.includes("variables"));
});

const column = (name: string): number => columns.findIndex((each) => each.name === name);

test("images run as ordinary jobs do wherever no schedule is", () => {
  const differ = rows
    .filter(({ env }) => env["CI_PIPELINE_SOURCE"] !== "schedule")
    .filter(({ cells }) => cells[column("images")] !== cells[column("ordinary")]);
  assert.deepEqual(differ, []);
});

const project = { CI_PROJECT_NAMESPACE: "qemu-project", CI_PROJECT_PATH: "qemu-project/qemu" };
const pushed = (branch: string): Variables => ({
  ...project,
  CI_PIPELINE_SOURCE: "push",
  CI_COMMIT_BRANCH: branch,
  CI_DEFAULT_BRANCH: "master",
});

test("an old stable branch runs nothing that could move an image or the pages", async () => {
  const probes = ["stable-6.0-staging", "stable-9.2"].flatMap((branch) =>
    hidden.flatMap((name) =>
      ["0", "1"].map((publish) => ({
        name: `${branch} ${name} ${publish}`,
        extends: `.berth-${name}`,
        env: { ...pushed(branch), QEMU_JOB_PUBLISH: publish },
      })),
    ),
  );
  const cells: ReadonlyMap<string, Cell> = await evaluate([rules], probes);
  assert.deepEqual(new Set(cells.values()), new Set(["never"]));
  assert.equal(cells.size, 16);
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
  const check = ["--validate-dependency-chain"];
  await using good = await gitlabProject([rules], { plan, weekly });
  for (const env of [forkSchedule, { ...forkSchedule, ...project }]) {
    const { code, stdout, stderr } = await good.run(check, env);
    assert.equal(code, 0, `${stdout}${stderr}`);
  }
  await using bad = await gitlabProject([rules], { plan, weekly: { ...weekly, ...careless } });
  assert.notEqual((await bad.run(check, forkSchedule)).code, 0);
});

test("the table also holds as GitLab itself reads expressions", () => {
  for (const row of rows) {
    for (const [i, { name, rules, flags }] of columns.entries()) {
      const variables = { ...row.env, ...Object.fromEntries(flags.map(flagged)) };
      const rule = listed
        .get(rules)
        ?.rules?.find((each) => each.if === undefined || holds(each.if, variables));
      const does = cellOf({ name, stage: "", when: "never", allow_failure: false, ...rule });
      assert.equal(does, row.cells[i], `${row.name}: ${name}`);
    }
  }
});

const flagged = (flag: string) => [`QEMU_JOB_${flag}`, "1"] as const;

test("GitLab takes no branch for an empty one, which the pattern of staging may match", async () => {
  const all: Include = { ...rules, inputs: { ...rules.inputs, staging: "/.*/" } };
  await using project = await gitlabProject([all], {
    job: { extends: ".berth-rules", script: "true" },
  });
  const job = (await project.list()).get("job");
  const does = (env: Variables): string | undefined =>
    job?.rules?.find((each) => each.if === undefined || holds(each.if, env))?.when;
  assert.equal(does(pushed("topic")), "on_success");
  const { CI_COMMIT_BRANCH: _, ...tag } = pushed("");
  assert.equal(does(tag), "never");
});

test("no expression has more words than GitLab reads", () => {
  const longest = Math.max(...expressions.map((expression) => wordsOf(expression).length));
  assert.ok(longest > 60 && longest < 100, String(longest));
});

test("every variable is compared, since an empty one counts as true within an expression", () => {
  for (const words of expressions.map(wordsOf)) {
    for (const [i, each] of words.entries()) {
      const beside = `${words[i - 1]} ${words[i + 1]}`;
      if (each.startsWith("$")) assert.match(beside, /[=!][=~]/, `${each} in ${words.join(" ")}`);
    }
  }
});
