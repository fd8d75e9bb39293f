/** Figures that pages tell are those that the benchmark has recorded. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pages, withFigures } from "../../bench/pages.ts";
import type { History } from "../../bench/pipeline/history.ts";
import type { Recorded } from "../../bench/pipeline/table.ts";
import { printYears, withYears, yearPages, yearsOf } from "../../bench/pipeline/years.ts";

const top = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(top, path), "utf8");

test("tables of figures are those of bench/results.json; `npm run bench` writes both", () => {
  const results = JSON.parse(read("bench/results.json"));
  for (const page of pages) assert.equal(read(page), withFigures(page, read(page), results));
});

test("what pages tell of QEMU's history is what bench/history.json has counted", () => {
  const { pipelines, idle, built }: History = JSON.parse(read("bench/history.json"));
  const count = (number: number) => number.toLocaleString("en-US");
  const needing = `${pipelines - idle} need an image that CI builds`;
  assert.ok(
    read("README.md").includes(`the ${count(pipelines)} of the last three years ${needing}`),
  );
  const comparison = read("docs/comparison.md").replaceAll("\n", " ");
  const told = `Of QEMU's ${count(pipelines)} first-parent commits of three years, ${needing}, ${built} builds in all.`;
  assert.ok(comparison.includes(told), told);
});

test("pages tell how many answers of GitLab's own code are on record", () => {
  const files = ["gitlab-cases.jsonl", "gitlab-templates.jsonl"];
  const rows = files.flatMap((file) => read(`test/pipelines/${file}`).trim().split("\n"));
  assert.ok(read("README.md").includes(` ${rows.length} answers that the code of GitLab `));
  assert.ok(read("docs/architecture.md").includes(` made of ${rows.length} small configurations`));
});

test("what QEMU's years would have cost is reckoned from bench/pipeline.json and bench/history.json", () => {
  const record: Recorded = JSON.parse(read("bench/pipeline.json"));
  const years = yearsOf(record, JSON.parse(read("bench/history.json")));
  for (const page of yearPages) {
    assert.equal(read(page), withYears(read(page), years));
    assert.ok(read(page).includes(`images of ${record.size.megabytes} MB`), page);
  }
  assert.ok(read("bench/pipeline.md").includes(printYears(years)));
});
