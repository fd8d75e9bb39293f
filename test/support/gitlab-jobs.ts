/** Pipelines and jobs of the stand-in of GitLab, with the variables that their jobs get. */
import { createHash } from "node:crypto";
import { mergeBaseOf } from "./gitlab-history.ts";
import {
  type JobRecord,
  type Model,
  newToken,
  type TestPipeline,
  type TestProject,
  type TestRequest,
} from "./gitlab-model.ts";
import type { MergeRequestFacts, RefFacts, ServerFacts } from "./job-facts.ts";
import { jobVariables, refPaths, type Variables } from "./job-variables.ts";

type RequestEvent = (RefFacts & { readonly kind: "merge-request" })["event"];

export interface JobOptions {
  /** The default branch where neither branch, tag nor request is given. */
  readonly branch?: string;
  /** A git tag, which is at the default branch's head where `sha` is not given. */
  readonly tag?: string;
  readonly isTagProtected?: boolean;
  /** A merge request pipeline; it runs in the project that is given, the fork or upstream. */
  readonly request?: TestRequest;
  readonly event?: RequestEvent;
  /** What is checked out; the head of the branch, or a merged result's own commit, where not given. */
  readonly sha?: string;
  /** Such as `schedule`; `push` or `merge_request_event` where not given. */
  readonly source?: string;
  /** Who started it; the first member of the project where not given. */
  readonly user?: string;
  readonly name?: string;
  readonly stage?: string;
  /** One more job of a pipeline that is there. */
  readonly pipeline?: TestPipeline;
  /** The pipeline that starts this job's one as its child. */
  readonly parent?: TestPipeline;
  readonly folder?: string;
  /** Pipeline and project variables, which win over GitLab's own. */
  readonly variables?: Readonly<Record<string, string>>;
}

export interface TestJob {
  readonly id: number;
  readonly token: string;
  readonly env: Variables;
  readonly pipeline: TestPipeline;
  /** Ends the job, and with it its token. */
  finish(status?: "success" | "failed" | "canceled"): void;
}

/** Starts a job, and a pipeline where none is given. */
export function addJob(
  model: Model,
  server: ServerFacts,
  project: TestProject,
  options: JobOptions,
): TestJob {
  const pipeline = options.pipeline ?? addPipeline(model, project, options);
  const { name = "images", stage = "build", user = pipeline.user } = options;
  const token = newToken("glcbt-64");

  const id = model.next("job");
  const status = "running";
  const job: JobRecord = { id, name, stage, pipeline, user, token, status };
  model.jobs.push(job);
  model.tokens.set(token, { kind: "job", job });
  const env = variablesOf({ model, server }, options, job);
  const finish: TestJob["finish"] = (status = "success") => {
    job.status = status;
    model.tokens.delete(token);
  };
  return { id, token, env, pipeline, finish };
}

/** What GitLab sets for a job of a pipeline with these options, and what the options set over it. */
export function variablesOf(
  { model, server }: { readonly model: Model; readonly server: ServerFacts },
  options: JobOptions,
  { id, name, stage, token, user, pipeline }: Omit<JobRecord, "status">,
): Variables {
  const { project, sha } = pipeline;
  return jobVariables({
    server,
    project: { ...project, hasRegistry: project.registry !== "disabled" },
    ref: refOf(project, options),
    commit: {
      sha,
      timestamp: model.now().toISOString(),
      ...(pipeline.before === undefined ? {} : { before: pipeline.before }),
    },
    pipeline: { id: pipeline.id, iid: pipeline.iid, source: pipeline.source },
    job: { id, name, stage, token },
    user: { id: 1, login: user },
    openRequests: openRequestsOf(model, project, options.branch ?? options.request?.sourceBranch),
    ...(options.folder !== undefined && { folder: options.folder }),
    ...(options.variables !== undefined && { variables: options.variables }),
  });
}

/** Starts a pipeline. */
export function addPipeline(model: Model, project: TestProject, options: JobOptions): TestPipeline {
  const ref = refOf(project, options);
  const isRequest = ref.kind === "merge-request";
  const { parent } = options;
  const begun = isRequest ? "merge_request_event" : "push";
  const own = model.pipelines.filter((one) => one.project === project);
  const source = options.source ?? (parent === undefined ? begun : "parent_pipeline");
  const name = isRequest
    ? `refs/merge-requests/${ref.request.iid}/${refPaths[ref.event]}`
    : ref.name;
  const sha = options.sha ?? parent?.sha ?? shaOf(project, ref);
  const last = own.findLast((one) => one.ref === name && one.sha !== sha);
  const pipeline: TestPipeline = {
    id: model.next("pipeline"),
    iid: own.length + 1,
    project,
    source,
    ref: name,
    sha,
    before: source === "push" && ref.kind === "branch" ? last?.sha : parent?.before,
    user: options.user ?? [...project.members.keys()][0] ?? "nobody",
    createdAt: model.now(),
    parent,
    status: "running",
  };
  model.pipelines.push(pipeline);
  return pipeline;
}

function refOf(project: TestProject, options: JobOptions): RefFacts {
  const { request, event = "detached", tag, branch = project.defaultBranch } = options;
  if (request !== undefined) return { kind: "merge-request", event, request: factsOf(request) };
  if (tag !== undefined)
    return { kind: "tag", name: tag, protected: options.isTagProtected ?? true };
  return { kind: "branch", name: branch, protected: project.protectedBranches.has(branch) };
}

function factsOf(request: TestRequest): MergeRequestFacts {
  const { source, sourceBranch, target, targetBranch } = request;
  const head = headOf(source, sourceBranch);
  const targetHead = headOf(target, targetBranch);
  return {
    ...request,
    sourceProtected: source.protectedBranches.has(sourceBranch),
    targetProtected: target.protectedBranches.has(targetBranch),
    ...{ head, targetHead, base: mergeBaseOf(source.history, targetHead, head) ?? targetHead },
  };
}

/** A merged result is a commit that GitLab makes; without a repository any number will do for it. */
function shaOf(project: TestProject, ref: RefFacts): string {
  if (ref.kind === "tag") return headOf(project, project.defaultBranch);
  if (ref.kind === "branch") return headOf(project, ref.name);
  const { head, targetHead } = ref.request;
  if (ref.event === "detached") return head;
  return createHash("sha1").update(`${targetHead} ${head}`).digest("hex");
}

function headOf(project: TestProject, branch: string): string {
  const sha = project.history.heads().get(branch);
  if (sha === undefined) throw new Error(`${project.path} has no branch ${branch}`);
  return sha;
}

/** Open merge requests of a branch, as `CI_OPEN_MERGE_REQUESTS` lists them. */
function openRequestsOf(
  { projects }: Model,
  project: TestProject,
  branch: string | undefined,
): readonly string[] {
  return projects
    .flatMap(({ requests }) => requests)
    .filter((one) => one.state === "opened" && one.source === project)
    .filter(({ sourceBranch }) => sourceBranch === branch)
    .map(({ target, iid }) => `${target.path}!${iid}`);
}
