/** What each job of a pipeline does there, and which image it would run in. */
import type { Config } from "../config/config.ts";
import { givenVariables } from "../config/given.ts";
import type { PipelineJob } from "../pipelines/made.ts";
import type { PipelineReading } from "../pipelines/pipeline.ts";
import type { Occasion } from "../pipelines/ports.ts";
import type { Plain } from "../pipelines/tree.ts";
import { expand, expandAll, type Variable } from "../pipelines/variables.ts";
import { imageVariable, templateFolder } from "../plan/variables.ts";
import type { PipelineCase } from "./occasions.ts";

/** Which images the project has, and how its jobs learn of them. */
export interface PlannedImages extends Pick<Config, "prefix" | "repository"> {
  readonly names: readonly string[];
}

export interface ReadCase extends PipelineCase {
  readonly reading: PipelineReading;
  /** What it has, or would have had of the outermost stages alone. */
  readonly jobs: readonly SeenJob[];
}

/** `may`: waits for a click, and nothing waits for it. */
export type Does = "runs" | "manual" | "may";

export interface SeenJob {
  readonly job: PipelineJob;
  readonly does: Does;
  /** It runs berth, or starts berth's child pipeline. */
  readonly isOurs: boolean;
  /** With all variables that are known; `undefined` where the runner decides. */
  readonly image: string | undefined;
  /** The image of the project that this is, as planned. */
  readonly planned: string | undefined;
  /** `unfed`: it gets nothing of the plan; `unplanned`: there is none; `unknown`: no image has that name. */
  readonly flaw: "unfed" | "unplanned" | "unknown" | undefined;
}

/** What stands for a value that nobody gives. */
const nobody = "\u0000";
const plannedTag = "planned-by-berth";

/** Looks at the jobs that a reading has. */
export function jobsOf(
  reading: PipelineReading,
  occasion: Occasion,
  images: PlannedImages,
): readonly SeenJob[] {
  if (!("jobs" in reading)) return [];
  const stages = "stages" in reading ? reading.stages : [".pre", ".post"];
  const plan = reading.jobs.find(isPlan);
  const promised = plan && promisedBy(plan, occasion, images);
  return reading.jobs.map((job) => {
    const feeds = plan !== undefined && isFed(job, plan, stages) ? promised : undefined;
    const look = imageOf(job, { occasion, prefix: promised?.prefix ?? images.prefix, feeds });
    const lacks = plan === undefined ? "unplanned" : "unfed";
    const isOurs = isPlan(job) || runsBerth(job);
    const flaw = look.isLacking ? (feeds === undefined ? lacks : "unknown") : undefined;
    return { ...look, job, does: doesOf(job), isOurs, flaw: isOurs ? undefined : flaw };
  });
}

function doesOf({ when, allowFailure }: PipelineJob): Does {
  if (when !== "manual") return "runs";
  return allowFailure ? "may" : "manual";
}

/** The job that writes which image is where. */
export function isPlan({ options }: PipelineJob): boolean {
  const { reports } = (options["artifacts"] ?? {}) as { readonly reports?: { dotenv?: Plain } };
  return [reports?.dotenv ?? []].flat().includes(".berth/berth.env");
}

function runsBerth({ options }: PipelineJob): boolean {
  const lines = [options["script"] ?? []].flat().map(String);
  const isChild = JSON.stringify(options["trigger"] ?? "").includes(".berth/pipeline.yml");
  return (
    isChild || lines.some((line) => /^berth (?:plan|ensure|publish|promote|prune)\b/.test(line))
  );
}

export function promotes({ options }: PipelineJob): boolean {
  return [options["script"] ?? []].flat().includes("berth promote");
}

/** Its runner tags; GitLab drops empty ones. */
export function tagsOf({ tags = [] }: PipelineJob): readonly string[] {
  return tags.filter((tag) => tag !== "");
}

/** Whether variables of the plan reach a job: only those of needs do, where there are needs. */
function isFed(job: PipelineJob, plan: PipelineJob, stages: readonly string[]): boolean {
  if (job.dependencies?.includes(plan.name) === false) return false;
  if (job.scheduling === "stage") return stages.indexOf(plan.stage) < stages.indexOf(job.stage);
  return job.needs.some((need) => need.job === plan.name && need.artifacts);
}

interface Promised {
  readonly prefix: string;
  readonly variables: readonly Variable[];
  /** Images by what jobs would call them. */
  readonly references: ReadonlyMap<string, string>;
}

/** What the plan tells later jobs, with one tag for all. */
function promisedBy(
  plan: PipelineJob,
  occasion: Occasion,
  { names, repository, prefix: own }: PlannedImages,
): Promised {
  const known = knownTo(plan, occasion, []);
  const { values } = expandAll(known);
  const prefix = values.get(givenVariables.prefix) || own;
  const base = values.get("CI_REGISTRY_IMAGE") ?? "";
  const references = new Map(
    names.map((name) => [`${base}/${repository.replaceAll("{name}", name)}:${plannedTag}`, name]),
  );
  const folder = templateFolder(repository);
  const isEach = (values.get(givenVariables.reference) || "digest") === "digest";
  const each = [...references].map(([value, name]) => ({
    key: imageVariable(prefix, name),
    value,
  }));
  const both = [
    { key: `${prefix}_CONTAINER_BASE`, value: `${base}${folder ?? ""}` },
    { key: `${prefix}_CONTAINER_TAG`, value: plannedTag },
  ];
  return { prefix, references, variables: isEach ? each : both };
}

/** All that is known when a job runs, each name once: a plan's report wins over the files, settings over both. */
function knownTo(
  { name, variables }: PipelineJob,
  { predefined, settings }: Occasion,
  report: readonly Variable[],
): readonly Variable[] {
  const job = { key: "CI_JOB_NAME", value: name };
  const all = [...predefined, job, ...variables, ...report, ...settings];
  return [...new Map(all.map((variable) => [variable.key, variable])).values()];
}

interface Around {
  readonly occasion: Occasion;
  readonly prefix: string;
  readonly feeds: Promised | undefined;
}

/** The image that a runner would be asked for; lacking where it wants of a plan what that does not say. */
function imageOf(job: PipelineJob, { occasion, prefix, feeds }: Around) {
  const written = (job.options["image"] as { readonly name?: string } | undefined)?.name;
  if (written === undefined) return { image: undefined, planned: undefined, isLacking: false };
  const known = knownTo(job, occasion, feeds?.variables ?? []);
  const promise = new RegExp(
    `\\$\\{?(${prefix}_(?:IMAGE_[A-Z0-9_]+|CONTAINER_(?:BASE|TAG)))\\b`,
    "g",
  );
  const texts = [written, ...known.map(({ value }) => value)];
  const wanted = texts.flatMap((text) => [...text.matchAll(promise)].map(([, key = ""]) => key));
  const names = new Set(known.map(({ key }) => key));
  const absent = [...new Set(wanted)].filter((key) => !names.has(key));
  const all = [...known, ...absent.map((key) => ({ key, value: nobody }))];
  const image = expand(written, expandAll(all).values, "stays");
  const isPromised = feeds !== undefined && image.includes(plannedTag);
  const planned = feeds?.references.get(image);
  return {
    image: image.replaceAll(nobody, ""),
    planned,
    isLacking: image.includes(nobody) || (isPromised && planned === undefined),
  };
}
