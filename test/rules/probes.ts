/** What many jobs do in many pipelines, read as one. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { PipelineJob } from "../../src/pipelines/job.ts";
import {
  type IncludedTemplate,
  jobsIn,
  pipelineText,
  type Variables,
} from "../support/ci-files.ts";
import type { Cell } from "./table.ts";

/** A job with these hidden job's rules, in a pipeline with these variables. */
export interface Probe {
  readonly name: string;
  readonly extends: string;
  readonly env: Variables;
}

/**
 * What each probe does, by name.
 *
 * A pipeline's variables are given to the job, where rules see them in the same way; so one run is
 * enough for pipelines that differ.
 */
export async function evaluate(
  includes: readonly IncludedTemplate[],
  probes: readonly Probe[],
): Promise<ReadonlyMap<string, Cell>> {
  const jobs = probes.map((probe) => [
    probe.name,
    { extends: probe.extends, stage: "test", variables: probe.env, script: "true" },
  ]);
  const listed = await jobsIn(pipelineText(includes, Object.fromEntries(jobs)));
  return new Map(probes.map(({ name }) => [name, cellOf(listed.get(name))]));
}

export function cellOf(job: PipelineJob | undefined): Cell {
  if (job === undefined) return "never";
  const { name, when, allowFailure } = job;
  if (when === "manual") return allowFailure ? "may be started" : "by hand";
  if (when === "on_success" && !allowFailure) return "at once";
  throw new Error(`${name}: ${when}, allow_failure ${allowFailure}`);
}

/** The component as QEMU includes it, with another prefix of the hidden jobs and other inputs. */
export const rules = (
  job_prefix: string,
  inputs: Readonly<Record<string, unknown>> = {},
): IncludedTemplate => ({
  template: "rules",
  inputs: { prefix: "QEMU_CI", flags: "QEMU_JOB", upstream: "qemu-project", job_prefix, ...inputs },
});

/** The variables of a pipeline for a push of a branch, or of a tag where there is none, in a project. */
export function at(path: string, branch: string | undefined, more: Variables = {}): Variables {
  return {
    CI_PROJECT_PATH: path,
    CI_PROJECT_NAMESPACE: path.slice(0, path.lastIndexOf("/")),
    CI_PROJECT_NAME: path.slice(path.lastIndexOf("/") + 1),
    CI_DEFAULT_BRANCH: "main",
    CI_PIPELINE_SOURCE: "push",
    ...(branch === undefined ? {} : { CI_COMMIT_BRANCH: branch }),
    ...more,
  };
}

/** What is asked, the hidden job, its pipeline, and what it does. */
export type Case = readonly [name: string, job: string, env: Variables, does: Cell];

/** Declares a test for each case; all are evaluated at once. */
export function testCases(includes: readonly IncludedTemplate[], cases: readonly Case[]): void {
  const told = ([name, job, _, does]: Case): string => `${name} (${job}): ${does}`;
  let cells: ReadonlyMap<string, Cell> = new Map();
  before(async () => {
    const probes = cases.map((each) => {
      const [, job, env] = each;
      return { name: told(each), extends: `.${job}`, env };
    });
    cells = await evaluate(includes, probes);
  });
  for (const each of cases) test(told(each), () => assert.equal(cells.get(told(each)), each[3]));
}
