/** What jobs leave for GitLab where a project is far bigger than any that is known. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { childPipeline, printPipeline } from "../../src/output/pipeline.ts";
import { serializePlan } from "../../src/plan/make.ts";
import { printPage } from "../../src/report/page.ts";
import { printSummary } from "../../src/report/summary.ts";
import { makeReport } from "../../src/report/view.ts";
import { keyInputs, pipelineOptions } from "../support/keyed.ts";
import { outcomeOf, planned, planOf } from "./samples.ts";

/** Text that hardly gets smaller by compression, as no Dockerfile is. */
function noise(seed: string, length: number): string {
  const blocks = Array.from({ length: Math.ceil(length / 64) }, (_, at) =>
    createHash("sha256").update(`${seed}${at}`).digest("hex"),
  );
  return blocks.join("").slice(0, length);
}

test("400 images with a Dockerfile of 8 kB each stay within what GitLab takes of a job that starts a child", () => {
  const images = Array.from({ length: 400 }, (_, at) =>
    planned(`image-${at}`, "build", { inputs: keyInputs(noise(`${at}`, 8000)) }),
  );
  const plan = planOf(images);
  const outcomes = images.map((image) => outcomeOf(image, "failed", 5));
  const report = makeReport(plan, outcomes, new Map());
  const pipeline = printPipeline(childPipeline(plan, pipelineOptions));
  const files = [serializePlan(plan), pipeline, printPage(report), printSummary(report)];
  const sizes = files.map((text) => gzipSync(text).length);
  // The archive and the file of the child in it (gitlab: lib/gitlab/ci/artifact_file_reader.rb).
  const most = 5 * 1024 * 1024;
  const archive = sizes.reduce((sum, size) => sum + size, 0);
  assert.ok(archive < most / 2, `an archive of ${archive} bytes`);
  assert.ok(pipeline.length < most / 2, `a pipeline of ${pipeline.length} bytes`);
});
