/** What GitLab's own code made of small configurations and of this project's templates, and what the reader makes of them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { problemsOf, readCases } from "./cases.ts";

for (const file of ["gitlab-cases.jsonl", "gitlab-templates.jsonl"]) {
  const cases = readCases(join(import.meta.dirname, file));
  for (const [group, some] of Map.groupBy(cases, ({ id }) => id.split("-")[0]))
    test(`${file}: ${some.length} cases of ${group}`, async () => {
      assert.ok(some.length > 0);
      const problems = await Promise.all(some.map(problemsOf));
      assert.deepEqual(problems.flat(), []);
    });
}
