/** Whether what a scheduled pipeline refreshed was tested there before it becomes everybody's. */
import { BerthError } from "../errors.ts";

/** The component's own jobs, less their prefix. */
const componentJobs = ["plan", "images", "promote", "prune"];

/** The prefix of the component's jobs where none of a pipeline's is named as one that promotes. */
const usualPrefix = "berth-";

/**
 * SET_UNTESTED where none of a pipeline's jobs but the component's own has passed; a job that was skipped, or
 * waits to be started by hand, tests nothing.
 */
export function refuseUntested(
  jobs: readonly { readonly name: string; readonly status: string }[],
  pipeline: string,
): void {
  const prefixes = jobs.flatMap(({ name }) => /^(.*)promote$/.exec(name)?.[1] ?? []);
  const own = new Set(
    [...prefixes, usualPrefix].flatMap((prefix) => componentJobs.map((job) => `${prefix}${job}`)),
  );
  if (jobs.some(({ name, status }) => status === "success" && !own.has(name))) return;
  throw new BerthError(
    "SET_UNTESTED",
    `promote what the scheduled pipeline ${pipeline} refreshed: no job of it has run in the images`,
    {
      hint: "let jobs that test the images run in upstream's schedules (with the component rules by their flag _SCHEDULED), or switch this off by `refresh: false`",
    },
  );
}
