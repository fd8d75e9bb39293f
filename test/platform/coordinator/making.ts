/** Making a pipeline of a project's commit, as far as GitLab's answer to "run pipeline" goes. */
import { readPipeline } from "../../../src/pipelines/pipeline.ts";
import type { CiSource, Found, Include, Occasion } from "../../../src/pipelines/ports.ts";
import type { Variable } from "../../../src/pipelines/variables.ts";
import { succeed } from "../../support/command.ts";
import { addPipeline, type JobOptions, variablesOf } from "../../support/gitlab-jobs.ts";
import type { Model, TestPipeline } from "../../support/gitlab-model.ts";
import { type RunJob, type RunPipeline, settle } from "./jobs.ts";

export interface Makings {
  readonly model: Model;
  readonly server: { readonly url: string; readonly registry: string };
  /** Where the bare repositories `PROJECT.git` are. */
  readonly folder: string;
  /** Variables of all projects' settings. */
  readonly projectVariables: readonly Variable[];
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
  const facts = addPipeline(model, project, start);
  const settings = [
    ...makings.projectVariables,
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
      occasion: occasionOf(makings, facts, start, settings),
    });
    if ("errors" in reading) throw new NoPipeline(reading.errors.join("\n"));
    if ("none" in reading) throw new NoPipeline(reading.none);
    const { stages } = reading;
    const jobs: RunJob[] = [];
    const pipeline: RunPipeline = { facts, start, settings, stages, jobs, bridge: child?.bridge };
    for (const made of reading.jobs)
      jobs.push({
        made,
        pipeline,
        status: "created",
        allowFailure: made.allowFailure,
        attempts: [],
        child: undefined,
        problem: undefined,
      });
    await git(makings, project.path, "update-ref", `refs/pipelines/${facts.id}`, facts.sha);
    settle(pipeline);
    return pipeline;
  } catch (error) {
    model.pipelines.splice(model.pipelines.indexOf(facts), 1);
    throw error;
  }
}

/** What a person or a setting says, subject to expansion. */
export function listed(variables: Readonly<Record<string, string>>): readonly Variable[] {
  return Object.entries(variables).map(([key, value]) => ({ key, value }));
}

const unseen =
  /^CI_(JOB_(ID|URL|TOKEN|STATUS)|PIPELINE_(ID|URL)|REGISTRY_(USER|PASSWORD)|REPOSITORY_URL|DEPENDENCY_PROXY_(USER|PASSWORD)|BUILDS_DIR|PROJECT_DIR)$/;

/** Rules see what is known before a job is there (B8); where there is no diff, `changes` holds (B7). */
function occasionOf(
  makings: Makings,
  pipeline: TestPipeline,
  start: JobOptions,
  settings: readonly Variable[],
): Occasion {
  const { variables: _, ...plain } = start;
  const nobody = { id: 0, name: "", stage: "", token: "", user: pipeline.user, pipeline };
  const predefined = listed(variablesOf(makings, plain, nobody));
  const isBranch = start.tag === undefined;
  return {
    source: pipeline.source,
    ref: pipeline.ref,
    kind: start.request !== undefined ? "merge_request" : isBranch ? "branch" : "tag",
    project: pipeline.project.path,
    predefined: predefined.filter(({ key }) => !unseen.test(key)),
    settings,
    changed: undefined,
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
  return include.kind === "artifact" ? child?.artifact(include) : undefined;
}
