/** Making a pipeline of a project's commit, as far as GitLab's answer to "run pipeline" goes. */
import { readOutline, readPipeline } from "../../../src/pipelines/pipeline.ts";
import type { CiSource, Found, Include, Occasion } from "../../../src/pipelines/ports.ts";
import { refuse } from "../../../src/pipelines/refusal.ts";
import { plain } from "../../../src/pipelines/tree.ts";
import { listed, type Variable } from "../../../src/pipelines/variables.ts";
import { succeed } from "../../support/command.ts";
import { addPipeline, type JobOptions, variablesOf } from "../../support/gitlab-jobs.ts";
import {
  type Model,
  roles,
  type TestPipeline,
  type TestRequest,
} from "../../support/gitlab-model.ts";
import { formOf } from "./forms.ts";
import { type RunJob, type RunPipeline, settle } from "./jobs.ts";

export interface Makings {
  readonly model: Model;
  readonly server: { readonly url: string; readonly registry: string };
  /** Where the bare repositories `PROJECT.git` are. */
  readonly folder: string;
  readonly projectVariables: readonly ProjectVariable[];
}

/** A variable of all projects' settings; a protected one is for protected branches and tags alone. */
export interface ProjectVariable extends Variable {
  readonly isProtected?: boolean;
}

/** A pipeline that GitLab does not make, in its words. */
export class NoPipeline extends Error {}

export interface Child {
  readonly bridge: RunJob;
  /** Its file, with artifacts of the parent's jobs to include (E1). */
  readonly text: string;
  artifact(include: Include): Promise<Found | undefined>;
  /** What the trigger job hands on (E4). */
  readonly variables: readonly Variable[];
}

/** Makes a pipeline of a project's CI file, or of a trigger job's. */
export async function makePipeline(
  makings: Makings,
  project: TestPipeline["project"],
  start: JobOptions,
  child?: Child,
): Promise<RunPipeline> {
  const { model } = makings;
  const refusal = refusalOf(project, start);
  if (refusal !== undefined) throw new NoPipeline(refusal);
  const facts = addPipeline(model, project, start);
  const predefined = predefinedFor(makings, facts, start);
  const isProtected = predefined["CI_COMMIT_REF_PROTECTED"] === "true";
  const settings = [
    ...makings.projectVariables.filter((one) => isProtected || one.isProtected !== true),
    ...listed(start.variables ?? {}),
    ...(child?.variables ?? []),
  ];
  try {
    const source = await sourceOf(makings, project.path, facts.sha);
    const text = child?.text ?? (await source.read(".gitlab-ci.yml"));
    if (text === undefined) throw new NoPipeline("Missing CI config file");
    const reading = await readPipeline(text, {
      source,
      fetch: (include) =>
        include.kind === "component" ? component(makings, include) : artifact(include, child),
      occasion: occasionOf(facts, start, predefined, settings),
    });
    if ("errors" in reading) throw new NoPipeline(reading.errors.join("\n"));
    if ("none" in reading) throw new NoPipeline(reading.none);
    const { stages } = reading;
    const jobs: RunJob[] = [];
    const pipeline: RunPipeline = { facts, start, settings, stages, jobs, bridge: child?.bridge };
    for (const made of reading.jobs)
      jobs.push({
        made: { ...made, options: formOf(made) },
        pipeline,
        status: "created",
        allowFailure: made.allowFailure,
        attempts: [],
        child: undefined,
        problem: undefined,
      });
    await git(makings, project.path, "update-ref", `refs/pipelines/${facts.id}`, facts.sha);
    if (start.request !== undefined) await keepHead(makings, start.request);
    settle(pipeline);
    return pipeline;
  } catch (error) {
    model.pipelines.splice(model.pipelines.indexOf(facts), 1);
    throw error;
  }
}

/** What `ci/lint` says of the default branch's file: GitLab's errors, and all that is included in one. */
export async function lint(makings: Makings, project: TestPipeline["project"]): Promise<object> {
  const sha = project.history.heads().get(project.defaultBranch) ?? "";
  const source = await sourceOf(makings, project.path, sha);
  const text = (await source.read(".gitlab-ci.yml")) ?? "";
  const fetch = (include: Include) =>
    include.kind === "component" ? component(makings, include) : artifact(include, undefined);
  const outline = await readOutline(text, source, { fetch });
  const errors = await makePipeline(makings, project, { source: "push" }).then(
    ({ facts }) => {
      makings.model.pipelines.splice(makings.model.pipelines.indexOf(facts), 1);
      return [];
    },
    (error: Error) => error.message.split("\n"),
  );
  const merged = outline === undefined ? null : JSON.stringify(plain(outline.written));
  return { valid: errors.length === 0, errors, warnings: [], merged_yaml: merged };
}

const unseen =
  /^CI_(JOB_(ID|URL|TOKEN|STATUS)|PIPELINE_(ID|URL)|REGISTRY_(USER|PASSWORD)|REPOSITORY_URL|DEPENDENCY_PROXY_(USER|PASSWORD)|BUILDS_DIR|PROJECT_DIR)$/;

/** Why somebody gets no pipeline here: nobody's is made below Developer, a fork's where the project wants none (B15). */
function refusalOf(project: TestPipeline["project"], start: JobOptions): string | undefined {
  const { user, request } = start;
  const role = user === undefined ? "owner" : (project.members.get(user) ?? "guest");
  const isForeign = request !== undefined && request.source !== project;
  if (isForeign && (request.target !== project || !project.forkPipelines))
    return "Pipelines of forks are switched off";
  return roles[role] < roles.developer
    ? "Insufficient permissions to create a new pipeline"
    : undefined;
}

/** What is known before a job is there. */
function predefinedFor(
  makings: Makings,
  pipeline: TestPipeline,
  start: JobOptions,
): Readonly<Record<string, string>> {
  const { variables: _, ...plain } = start;
  const nobody = { id: 0, name: "", stage: "", token: "", user: pipeline.user, pipeline };
  return variablesOf(makings, plain, nobody);
}

/** A merge request's head has a ref in the target's repository. */
async function keepHead(makings: Makings, request: TestRequest): Promise<void> {
  const { iid, source, sourceBranch, target } = request;
  const ref = `+refs/heads/${sourceBranch}:refs/merge-requests/${iid}/head`;
  await git(makings, target.path, "fetch", "--quiet", `${makings.folder}/${source.path}.git`, ref);
}

/** Rules see no numbers and tokens of jobs (B8). */
function occasionOf(
  pipeline: TestPipeline,
  start: JobOptions,
  predefined: Readonly<Record<string, string>>,
  settings: readonly Variable[],
): Occasion {
  const isBranch = start.tag === undefined;
  return {
    source: pipeline.source,
    ref: pipeline.ref,
    kind: start.request !== undefined ? "merge_request" : isBranch ? "branch" : "tag",
    project: pipeline.project.path,
    predefined: listed(predefined).filter(({ key }) => !unseen.test(key)),
    settings,
  };
}

function git({ folder }: Makings, project: string, ...args: readonly string[]): Promise<string> {
  return succeed("git", ["-C", `${folder}/${project}.git`, ...args]);
}

async function sourceOf(makings: Makings, project: string, sha: string): Promise<CiSource> {
  const paths = await git(makings, project, "ls-tree", "-r", "-z", "--name-only", sha);
  return {
    project,
    paths: paths.split("\0").filter((path) => path !== ""),
    read: (path) => git(makings, project, "show", `${sha}:${path}`).catch(() => undefined),
  };
}

/** A component of this server: `HOST/PROJECT/NAME@VERSION`, in either of its two places (A16). */
async function component(makings: Makings, { location }: Include): Promise<Found | undefined> {
  const [, server, project = "", name = "", version = ""] =
    /^([^/]+)\/(.+)\/([^/]+)@(.+)$/.exec(location) ?? [];
  if (server !== new URL(makings.server.url).host) return undefined;
  const sha = (await git(makings, project, "rev-parse", `${version}^{commit}`)).trim();
  const source = await sourceOf(makings, project, sha);
  const places = [`templates/${name}.yml`, `templates/${name}/template.yml`];
  const place = places.find((path) => source.paths.includes(path));
  const text = place === undefined ? undefined : await source.read(place);
  if (text === undefined) return undefined;
  return { text, source, component: { name, version, reference: version, sha } };
}

async function artifact(include: Include, child: Child | undefined): Promise<Found | undefined> {
  if (include.kind !== "artifact") return undefined;
  const told = "Including configs from artifacts is only allowed when triggering child pipelines";
  return child === undefined ? refuse(told) : child.artifact(include);
}
