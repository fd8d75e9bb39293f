/** The line `image:` of a job that runs in an image, and what GitLab makes of it. */
import assert from "node:assert/strict";
import type { Env } from "../support/command.ts";
import type { Variables as JobVariables } from "../support/job-variables.ts";

export interface Variables {
  /** The plan job's dotenv report. */
  readonly dotenv: string;
  readonly job: JobVariables;
  /** Of whoever started the pipeline. */
  readonly user: Env;
}

const lines = {
  digest: (name: string) => `$QEMU_CI_IMAGE_${name.toUpperCase()}`,
  tag: (name: string) => `$QEMU_CI_CONTAINER_BASE/${name}:$QEMU_CI_CONTAINER_TAG`,
  "own-tag": (name: string) => `$CI_REGISTRY_IMAGE/qemu/${name}:$QEMU_CI_CONTAINER_TAG`,
};

/**
 * The image that a job runs in. GitLab's documentation lets a user's variable win over a dotenv report;
 * older servers had it the other way round, so both must lead to the same.
 */
export function imageOf(
  name: string,
  reference: keyof typeof lines,
  { dotenv, job, user }: Variables,
): string {
  const report = Object.fromEntries(
    dotenv
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split(/=(.*)/s).slice(0, 2)),
  ) as Env;
  const line = lines[reference](name);
  const usual = expand(line, { ...job, ...report, ...user });
  assert.equal(expand(line, { ...job, ...user, ...report }), usual);
  return usual;
}

function expand(text: string, variables: Env): string {
  return text.replace(/\$(\w+)/g, (_, name: string) => variables[name] ?? "");
}
