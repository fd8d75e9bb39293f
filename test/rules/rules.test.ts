import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { parseConfig } from "../../src/config/parse.ts";
import { situationOf } from "../../src/plan/situation.ts";
import { tagsToPromote } from "../../src/publish/promote.ts";
import { includesOf, isPipeline, pipelineOf, readPage } from "../docs/pages.ts";
import { type IncludedTemplate, jobsIn, pipelineText } from "../support/ci-files.ts";
import { evaluate } from "./probes.ts";
import { type Cell, type Column, columns, type Row, rows, tableText } from "./table.ts";

const inputs = { prefix: "QEMU_CI", flags: "QEMU_JOB", upstream: "qemu-project" };
const qemu: readonly IncludedTemplate[] = [{ template: "rules", inputs }];

const nameOf = (row: Row, column: Column): string => `${row.name}: ${column.name}`;

let cells: ReadonlyMap<string, Cell> = new Map();

before(async () => {
  const probes = rows.flatMap((row) =>
    columns.map((column) => ({
      name: nameOf(row, column),
      extends: `.berth-${column.rules}`,
      env: {
        ...row.env,
        ...Object.fromEntries(column.flags.map((flag) => [`QEMU_JOB_${flag}`, "1"])),
      },
    })),
  );
  cells = await evaluate(qemu, probes);
});

for (const row of rows)
  test(`in ${row.name} every kind of job does what the table says`, () => {
    for (const [i, column] of columns.entries()) {
      const name = nameOf(row, column);
      assert.equal(cells.get(name), row.cells[i], name);
    }
  });

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test("the example of docs/recipes.md makes a pipeline wherever the table has a job", async () => {
  const example = readPage("recipes.md").blocks.find(
    (block) => isPipeline(block) && block.text.includes("extends: [.berth-use, .berth-rules]"),
  );
  assert.ok(example);
  const { include: _, ...jobs } = pipelineOf([example]) as Record<string, unknown>;
  const text = pipelineText(includesOf([example]), jobs);
  const wanted = ["push of staging", "push of master", "schedule on master", "schedule on topic"];
  for (const where of wanted) {
    const row = rows.find(({ name }) => name === `upstream, ${where}, QEMU_CI unset`);
    assert.ok(row, where);
    const stages = [...(await jobsIn(text, row.env)).values()].map(({ stage }) => stage);
    // GitLab starts no pipeline whose jobs are all in these two.
    assert.ok(
      stages.some((stage) => stage !== ".pre" && stage !== ".post"),
      where,
    );
    assert.equal(stages.includes("promote"), row.tags.length > 0, where);
    const isTested = where !== "push of master";
    assert.equal(stages.includes("test"), isTested, where);
  }
});

test("docs/recipes.md prints the table", () => {
  const printed = /^\| pipeline .*?\n(?!\|)/ms.exec(read("docs/recipes.md"))?.[0];
  assert.equal(printed, tableText());
});

const page = read("docs/configuration.md");
const example = /<!-- example: qemu -->.*?```yaml\n(.*?)```/s.exec(page)?.[1] ?? "";
const config = parseConfig(example, "berth.yml");

const promotion = columns.find(({ name }) => name === "promotion") ?? assert.fail();

for (const row of rows)
  test(`${row.name} moves ${row.tags.join(", ") || "no tag"}`, () => {
    const path = row.env["CI_PROJECT_PATH"];
    const registry = {
      CI: "true",
      CI_REGISTRY: "registry.example.com",
      CI_REGISTRY_IMAGE: `registry.example.com/${path}`,
    };
    const situation = situationOf({ ...registry, ...row.env }, config, undefined);
    const promotes = cells.get(nameOf(row, promotion)) !== "never";
    assert.deepEqual(promotes ? tagsToPromote(config, situation) : [], row.tags);
  });

const runs = (row: Row, name: string): boolean =>
  row.cells[columns.findIndex((column) => column.name === name)] !== "never";

test("no job runs without the images, but for publishing on upstream's default branch", () => {
  // A promotion asks the registry, so it needs no other job.
  const needing = columns.filter((column) => column !== promotion);
  const without = rows
    .filter((row) => !runs(row, "images"))
    .flatMap((row) => needing.filter(({ name }) => runs(row, name)).map((c) => nameOf(row, c)));
  assert.deepEqual(without, [
    "upstream, push of master, QEMU_CI unset: publishing",
    "upstream, push of master, QEMU_CI=2: publishing",
    "upstream, push of master, QEMU_CI=1: publishing",
  ]);
});
