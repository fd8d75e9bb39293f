/** GitLab's limits that the docs tell are those that the reader of pipelines holds, to the number. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readingOf } from "../support/ci-files.ts";
import { readPage } from "./pages.ts";

const job = { script: "x" };
const namesOf = (count: number) => Array.from({ length: count }, (_, index) => `part${index}`);

/** By the setting that the docs name: a configuration with so many of what is limited. */
const made: Readonly<Record<string, (count: number) => object>> = {
  ci_max_includes: (count) => ({ include: Array(count).fill("b.yml") }),
  // A part is left for what stands around it.
  max_yaml_size_bytes: (count) => ({ ".a": "x".repeat(count * 1024 * 1024 - 1024) }),
  none: (count) => ({ child: { trigger: { include: namesOf(count) } } }),
  ci_needs_size_limit: (count) => ({
    ...Object.fromEntries(namesOf(count).map((name) => [name, job])),
    whole: { ...job, needs: namesOf(count) },
  }),
};

const { text } = readPage("recipes.md");
const lines = text.matchAll(/^ +\| (\d+) ([^|]+) \| (none|`(\w+)`.*) \|$/gm);
const rows = [...lines].map(([, number, what = "", none = "", setting = none]) => {
  return { number: Number(number), what, setting };
});

test("the docs name the setting of each limit", () => {
  assert.deepEqual(rows.map(({ setting }) => setting).sort(), Object.keys(made).sort());
});

for (const { number, what, setting } of rows)
  test(`GitLab takes ${number} ${what.split(/[,;]/)[0]}, and not one more`, async () => {
    const errors = async (count: number) => {
      const files = { "b.yml": JSON.stringify({ other: job }) };
      const config = { other: job, ...made[setting]?.(count) };
      const reading = await readingOf(JSON.stringify(config), {}, { files });
      return "errors" in reading ? reading.errors : [];
    };
    assert.deepEqual(await errors(number), []);
    assert.equal((await errors(number + 1)).length, 1);
  });
