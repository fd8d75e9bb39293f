/** Cases of GitLab's own code: what it makes of small configurations, expressions and states of jobs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { evaluate, holds } from "../../src/pipelines/expression.ts";
import type { PipelineJob } from "../../src/pipelines/job.ts";
import { nothingRead, type PipelineReading, readPipeline } from "../../src/pipelines/pipeline.ts";
import type { Include, Occasion } from "../../src/pipelines/ports.ts";
import { attempt, CiRefusal } from "../../src/pipelines/refusal.ts";
import { textOf, type Value } from "../../src/pipelines/tree.ts";
import { listed, type Variable } from "../../src/pipelines/variables.ts";
import { formOf } from "../platform/coordinator/forms.ts";
import { sourceOf } from "../support/ci-files.ts";
import { type FlowJob, settleFlow } from "../support/flow-states.ts";

export interface Case {
  readonly id: string;
  readonly about: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly project?: { readonly path: string; readonly default_branch: string };
  readonly pipeline?: CasePipeline;
  readonly expect?: Readonly<Record<string, unknown>>;
  readonly expression?: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly value?: unknown;
  readonly truthful?: boolean;
  readonly valid?: boolean;
  readonly result?: unknown;
  readonly flow?: CaseFlow;
}

interface CaseFlow {
  readonly stages: readonly string[];
  readonly jobs: readonly (Omit<FlowJob, "allowFailure"> & { readonly allow_failure: boolean })[];
}

interface CasePipeline {
  readonly source: string;
  readonly ref: string;
  readonly tag: boolean;
  readonly variables?: Readonly<Record<string, string>>;
  readonly project_variables?: Readonly<Record<string, string>>;
  readonly merge_request?: { readonly source_branch: string; readonly target_branch: string };
  readonly changed_files?: readonly string[];
  readonly inputs?: Readonly<Record<string, unknown>>;
}

/** One thing that a case expects and the reader says otherwise. */
interface Difference {
  readonly what: string;
  readonly expected: unknown;
  readonly found: unknown;
}

/** Texts of templates that lines name by commit and path, as a clone need not have the commit. */
const texts = JSON.parse(
  readFileSync(join(import.meta.dirname, "gitlab-templates.texts.json"), "utf8"),
) as Readonly<Record<string, string>>;

interface LeftOut {
  /** Cases that are refused as they should be, in words of ours. */
  readonly ownWords: Reasons;
  /**
   * Cases of which the reader does not look at all that they ask; jobs, stages and variables are as GitLab has them, but
   * where a case says what a push changed.
   */
  readonly leftOut: Reasons;
}

const mayBeLeftOut = ["errors", "prefill", "workflow_name", "auto_cancel", "warnings"];

/** Ids of cases, by the reason why they may differ. */
type Reasons = Readonly<Record<string, readonly string[]>>;

const { ownWords, leftOut } = JSON.parse(
  readFileSync(join(import.meta.dirname, "left-out.json"), "utf8"),
) as LeftOut;

/** What is wrong with the reader's answer, or with the list of what it may leave out; empty where all is well. */
export async function problemsOf(one: Case): Promise<readonly string[]> {
  const found = await differences(one);
  const mayRefuseOtherwise = Object.values(ownWords).flat().includes(one.id);
  const mayLack = Object.values(leftOut).flat().includes(one.id);
  if ((mayRefuseOtherwise || mayLack) && found.length === 0)
    return [`${one.id} is left out, and passes`];
  const isRefused = found.every(
    ({ what, found: other }) => what === "errors" && other !== undefined,
  );
  if (mayRefuseOtherwise && isRefused) return [];
  const isOfPush = one.pipeline?.changed_files !== undefined;
  if (mayLack && (isOfPush || found.every(({ what }) => mayBeLeftOut.includes(what)))) return [];
  return found.map(
    ({ what, expected, found: other }) =>
      `${one.id}: ${what}\n  GitLab: ${JSON.stringify(expected)}\n  here:   ${JSON.stringify(other)}`,
  );
}

/** Reads a file of cases, one a line. */
export function readCases(path: string): readonly Case[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line, inserted) as Case);
}

function inserted(_key: string, value: unknown): unknown {
  const { commit, path } = (value ?? {}) as { readonly commit?: string; readonly path?: string };
  return commit === undefined ? value : texts[`${commit}:${path}`];
}

async function differences(one: Case): Promise<readonly Difference[]> {
  if (one.expression !== undefined) return expressionDifferences(one, one.expression);
  if (one.flow !== undefined) return compare(one.expect ?? {}, flowOf(one.flow));
  const found = await readCase(one);
  return compare(one.expect ?? {}, described(found));
}

function expressionDifferences(one: Case, expression: string): readonly Difference[] {
  const known = { variables: new Map(Object.entries(one.variables ?? {})) };
  const unset = { variables: new Map() };
  const isRefused = typeof one.value === "string";
  const expected = {
    truthful: one.truthful,
    valid: one.valid,
    ...(isRefused ? { value: one.value } : { result: one.result }),
  };
  const found: Record<string, unknown> = {
    truthful: holds(expression, known),
    valid: !(attempt(() => evaluate(expression, unset)) instanceof CiRefusal),
  };
  const result = attempt(() => evaluate(expression, known));
  if (result instanceof CiRefusal) found["value"] = `error: ${result.message}`;
  else found["result"] = result;
  return compare(expected, found);
}

function flowOf({ stages, jobs }: CaseFlow): Readonly<Record<string, unknown>> {
  const states = settleFlow(
    stages,
    jobs.map((job) => ({ ...job, allowFailure: job.allow_failure })),
  );
  return {
    jobs: Object.fromEntries(states.jobs),
    stages: Object.fromEntries(states.stages),
    pipeline: states.pipeline,
  };
}

/** Everything that is expected is compared; what a case is not about, it does not name. */
function compare(
  expected: Readonly<Record<string, unknown>>,
  found: Readonly<Record<string, unknown>>,
  place = "",
): readonly Difference[] {
  if (Array.isArray(expected["jobs"]) && Array.isArray(found["jobs"])) {
    const { jobs, ...rest } = expected as { readonly jobs: readonly Named[] };
    return [...compareJobs(jobs, found["jobs"] as Named[]), ...compare(rest, found)];
  }
  return Object.entries(expected).flatMap(([key, value]) =>
    isDeepStrictEqual(value, found[key] ?? null)
      ? []
      : [{ what: `${place}${key}`, expected: value, found: found[key] ?? found["errors"] }],
  );
}

type Named = Readonly<Record<string, unknown>> & { readonly name: string };

function compareJobs(expected: readonly Named[], found: readonly Named[]): readonly Difference[] {
  const names = {
    expected: expected.map(({ name }) => name),
    found: found.map(({ name }) => name),
  };
  if (!isDeepStrictEqual(names.expected, names.found)) return [{ what: "jobs", ...names }];
  return expected.flatMap((job, index) => compare(job, found[index] ?? {}, `${job.name}: `));
}

/** All cases share it, so that what one leaves there must not change another. */
const kept = nothingRead();

async function readCase(one: Case): Promise<PipelineReading> {
  const files = one.files ?? {};
  const own = Object.keys(files).filter((path) => !/^component:|^[^/]+\/.*@[^/]*:/.test(path));
  const source = { ...sourceOf(files, one.project?.path), paths: own.sort() };
  return readPipeline(files[".gitlab-ci.yml"] ?? "", {
    source,
    fetch: async (include) => componentIn(files, include),
    occasion: occasionOf(one),
    kept,
    inputs: new Map(
      Object.entries(one.pipeline?.inputs ?? {}).map(([key, value]) => [key, value as Value]),
    ),
  });
}

function componentIn(files: Readonly<Record<string, string>>, { kind, location }: Include) {
  const text = files[`component:${location}`];
  const [, project = "", name = "", version = ""] =
    /^[^/]+\/(.*)\/([^/]+)@(.*)$/.exec(location) ?? [];
  if (kind !== "component" || text === undefined) return undefined;
  const within = `${location}:`;
  const own = Object.entries(files).filter(([path]) => path.startsWith(within));
  const texts = own.map(([path, each]) => [path.slice(within.length), each] as const);
  const source = sourceOf(Object.fromEntries(texts), project);
  const component = { name, version, reference: version, sha: "0".repeat(40) };
  return { text, source, component };
}

const requestIid = "7";

function occasionOf({ project, pipeline }: Case): Occasion {
  const push = { source: "push", ref: "main", tag: false, merge_request: undefined };
  const { source, ref, tag, merge_request: request } = pipeline ?? push;
  const path = project?.path ?? "";
  const name = request?.source_branch ?? ref;
  const predefined = listed({
    CI_PIPELINE_SOURCE: source,
    CI_PIPELINE_IID: "1",
    CI_PROJECT_PATH: path,
    CI_PROJECT_NAMESPACE: path.slice(0, path.lastIndexOf("/")),
    CI_PROJECT_NAME: path.slice(path.lastIndexOf("/") + 1),
    CI_DEFAULT_BRANCH: project?.default_branch,
    CI_SERVER_FQDN: "gitlab.test",
    CI_COMMIT_REF_NAME: name,
    CI_COMMIT_REF_SLUG: name.toLowerCase().replace(/[^a-z0-9]/g, "-"),
    CI_COMMIT_BRANCH: tag || request !== undefined ? undefined : ref,
    CI_COMMIT_TAG: tag ? ref : undefined,
    CI_COMMIT_SHA: "0".repeat(40),
    CI_MERGE_REQUEST_IID: request && requestIid,
    CI_MERGE_REQUEST_SOURCE_BRANCH_NAME: request?.source_branch,
    CI_MERGE_REQUEST_TARGET_BRANCH_NAME: request?.target_branch,
  });
  return {
    source,
    ref,
    kind: tag ? "tag" : request === undefined ? "branch" : "merge_request",
    project: path,
    predefined,
    settings: [...listed(pipeline?.project_variables ?? {}), ...listed(pipeline?.variables ?? {})],
  };
}

/** A reading in the words of the cases. */
function described(reading: PipelineReading): Readonly<Record<string, unknown>> {
  if ("errors" in reading) return { errors: reading.errors };
  if ("none" in reading) return { no_pipeline: reading.none };
  return {
    jobs: reading.jobs.map(describeJob),
    stages: reading.stages,
    root_variables: describedVariables(reading.variables),
  };
}

function describeJob(job: PipelineJob): Readonly<Record<string, unknown>> {
  const { allow_failure: codes, ...options } = formOf(job);
  return {
    ...options,
    exit_codes: typeof codes === "object" ? codes : null,
    name: job.name,
    type: job.type,
    stage: job.stage,
    when: job.when,
    allow_failure: job.allowFailure,
    scheduling_type: job.scheduling,
    needs: job.needs.length === 0 ? null : job.needs.map((need) => ({ ...need })),
    cross_needs:
      job.crossNeeds.length === 0 ? null : job.crossNeeds.map(({ optional: _, ...need }) => need),
    variables: describedVariables(job.variables),
    tags: job.tags,
    dependencies: job.dependencies,
  };
}

function describedVariables(variables: readonly Variable[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    variables.map(({ key, value, raw }) => [key, raw === true ? { value, raw } : textOf(value)]),
  );
}
