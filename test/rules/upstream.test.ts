import assert from "node:assert/strict";
import { test } from "node:test";
import { situationOf } from "../../src/plan/situation.ts";
import { jobsIn, pipelineText, type Variables } from "../support/ci-files.ts";
import { at, type Case, cellOf, rules, testCases } from "./probes.ts";
import type { Cell } from "./table.ts";

const upstream = "qemu-project/qemu";
const fork = "alice/qemu";
const alice = { QEMU_CI_UPSTREAM: "alice" };
const macos = { QEMU_JOB_MACOS: "1" };
const functional = { QEMU_JOB_FUNCTIONAL: "1" };
const schedule = { CI_PIPELINE_SOURCE: "schedule" };

const parts: readonly Case[] = [
  ["its default branch", "berth-rules", at(fork, "main", alice), "never"],
  ["its pages", "berth-rules", at(fork, "main", { ...alice, QEMU_JOB_PUBLISH: "1" }), "at once"],
  ["its macOS", "berth-rules", at(fork, "staging", { ...alice, ...macos }), "at once"],
  ["its stable branch", "berth-rules", at(fork, "stable-9.2", { ...alice, QEMU_CI: "2" }), "never"],
  ["its macOS", "berth-rules", at(upstream, "x", { ...alice, ...macos, QEMU_CI: "2" }), "never"],
];

// The value of the variable, and a project's path.
const claims: readonly (readonly [value: string, path: string])[] = [
  ["", upstream],
  ["", fork],
  ["qemu-project", upstream],
  ["qemu-project", "qemu-project/sub/qemu"],
  ["qemu-project", "qemu-project-2/qemu"],
  ["qemu-project/qemu", upstream],
  ["qemu-project/qemu", "qemu-project/libvirt"],
  ["qemu-project/qemu", fork],
  ["a/b", "a/b"],
  ["a/b", "a/b/c"],
  ["a/b/c", "a/b/c"],
  ["a", "a/b/c"],
  ["b", "a/b"],
];

/** Where the variable says something, the configuration says nothing that it could not change. */
const configFor = (value: string) => ({
  prefix: "QEMU_CI",
  upstream: value === "" ? "qemu-project" : "of/another",
  registry: undefined,
});

const all = { QEMU_CI: "2" };

interface Pipeline {
  readonly name: string;
  readonly job: string;
  readonly branch: string;
  readonly more: Variables;
  readonly does: Readonly<Record<"upstream" | "fork", Cell>>;
}

const onlyUpstream = { upstream: "at once", fork: "never" } as const;
const onlyForks = { upstream: "never", fork: "at once" } as const;

const pipelines: readonly Pipeline[] = [
  { name: "tests", job: "rules", branch: "staging", more: {}, does: onlyUpstream },
  { name: "images", job: "rules-images", branch: "staging", more: {}, does: onlyUpstream },
  { name: "weekly images", job: "rules-images", branch: "x", more: schedule, does: onlyUpstream },
  { name: "promotion", job: "rules-promote", branch: "staging", more: all, does: onlyUpstream },
  { name: "a topic's tests", job: "rules", branch: "topic", more: all, does: onlyForks },
  { name: "a topic's images", job: "rules-images", branch: "topic", more: all, does: onlyForks },
  {
    name: "long tests",
    job: "rules",
    branch: "staging",
    more: { ...all, ...functional },
    does: { upstream: "at once", fork: "may be started" },
  },
];

/** In each project each pipeline does what belongs to the part that the command line sees it in. */
const agreed = claims.flatMap(([value, path]) =>
  pipelines.map(({ name, job, branch, more, does }): Case => {
    const env = at(path, branch, { QEMU_CI_UPSTREAM: value, ...more });
    const registry = "registry.example.com";
    const ci = { CI: "true", CI_REGISTRY: registry, CI_REGISTRY_IMAGE: `${registry}/${path}` };
    const { role } = situationOf({ ...env, ...ci }, configFor(value), undefined);
    const where = `${path} where upstream is ${value || "empty"}`;
    const told = `${name} agree with the command line about ${where}`;
    return [told, `berth-${job}`, env, does[role === "upstream" ? "upstream" : "fork"]];
  }),
);

testCases([rules("berth-")], [...parts, ...agreed]);

test("the command line takes some of these projects for upstream, and some not", () => {
  const upstreams = agreed.filter(([told, , , does]) => /^images/.test(told) && does !== "never");
  assert.equal(upstreams.length, 6);
});

test("a variable of the pipeline wins over what the job says, and over the input", async () => {
  const variables = { QEMU_CI_UPSTREAM: "qemu-project" };
  const job = { extends: ".berth-rules", variables, script: "true" };
  const bare = { extends: ".berth-rules", script: "true" };
  const text = pipelineText([rules("berth-")], { job, bare });
  const does = async (env: Variables): Promise<Cell[]> => {
    const jobs = await jobsIn(text, env);
    return ["job", "bare"].map((name) => cellOf(jobs.get(name)));
  };
  assert.deepEqual(await does(at(upstream, "staging")), ["at once", "at once"]);
  assert.deepEqual(await does(at(fork, "staging")), ["never", "never"]);
  assert.deepEqual(await does(at(fork, "staging", alice)), ["at once", "at once"]);
});
