import assert from "node:assert/strict";
import { test } from "node:test";
import { BerthError } from "../../src/errors.ts";
import { refuseUntested } from "../../src/publish/generation.ts";

const component =
  "berth-plan success, berth-images success, berth-prune success, berth-promote running";

const rows: readonly (readonly [what: string, jobs: string, isTested: boolean])[] = [
  ["a job that passed", `${component}, build-debian success`, true],
  ["one of two that passed", `${component}, build-debian failed, unit success`, true],
  ["the component's own jobs", component, false],
  ["nothing at all", "", false],
  ["a job that waits to be started", `${component}, build-debian manual`, false],
  ["a job that was skipped", `${component}, build-debian skipped`, false],
  ["a job that failed and may", `${component}, build-debian failed`, false],
  ["the jobs of two sets", `${component}, arm64-plan success, arm64-promote success`, false],
  ["a test whose name is like one of theirs", `${component}, check-images success`, true],
  ["a job of the project's own that promotes", "berth-plan success, deploy running", false],
];

for (const [what, text, isTested] of rows)
  test(`${what}: ${isTested ? "tested" : "SET_UNTESTED"}`, () => {
    const jobs = text.split(", ").map((job) => {
      const [name = "", status = ""] = job.split(" ");
      return { name, status };
    });
    if (isTested) refuseUntested(jobs, "7");
    else
      assert.throws(
        () => refuseUntested(jobs, "7"),
        (error) => error instanceof BerthError && error.code === "SET_UNTESTED",
      );
  });
