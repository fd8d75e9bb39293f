/** What each job of a pipeline does there, and which image it would run in. */
import { type Config, givenVariables } from "../config/config.ts";
import type { PipelineJob } from "../pipelines/job.ts";
import type { PipelineReading } from "../pipelines/pipeline.ts";
import type { Occasion } from "../pipelines/ports.ts";
import { flatten, isHash, isText } from "../pipelines/tree.ts";
import { expand, expandAll, type Variable } from "../pipelines/variables.ts";
import { imageVariable, templateFolder } from "../plan/make.ts";
import type { BerthInclude } from "./included.ts";
import type { PipelineCase } from "./occasions.ts";

/** Which images the project has, and how its jobs learn of them. */
export interface PlannedImages
  extends Pick<Config, "prefix" | "repository" | "reference" | "file"> {
  readonly names: readonly string[];
  /** Below which upstream has them. */
  readonly upstreamBase: string;
}

export interface ReadCase extends PipelineCase {
  readonly reading: PipelineReading;
  /** Berth's components in it. */
  readonly included: readonly BerthInclude[];
  /** What it has, or would have had of the outermost stages alone. */
  readonly jobs: readonly SeenJob[];
}

/** `may`: waits for a click, on itself or on what it needs, and no later stage waits for it. */
export type Does = "runs" | "manual" | "may";

export interface SeenJob {
  readonly job: PipelineJob;
  readonly does: Does;
  /** It runs berth, or starts berth's child pipeline. */
  readonly isOurs: boolean;
  /** With all variables that are known, without the tag that a plan gives; `undefined` where the runner decides. */
  readonly image: string | undefined;
  /** The image of the project that this is, as planned. */
  readonly planned: string | undefined;
  /** `unfed`: it gets nothing of the plan; `unplanned`: there is none; `fixed`: it names an image by a tag although there is one; `unknown`: no image has that name; `early`: it does not wait for the builds. */
  readonly flaw: "unfed" | "unplanned" | "fixed" | "unknown" | "early" | undefined;
}

/** Around the name of a variable that nobody gives, in place of its value. */
const nobody = "\u0000";
const givenByNobody = new RegExp(`${nobody}(\\w+)${nobody}`, "g");
const plannedTag = "planned-by-berth";

/** Looks at the jobs that a reading has. */
export function jobsOf(
  reading: PipelineReading,
  occasion: Occasion,
  images: PlannedImages,
): readonly SeenJob[] {
  if (!("jobs" in reading)) return [];
  const stages = "stages" in reading ? reading.stages : [".pre", ".post"];
  const plans = reading.jobs.filter(isPlan).map((job) => promisedBy(job, occasion, images));
  const does = doneBy(reading.jobs);
  const prefixes = [images, ...plans].map(({ prefix }) => prefix);
  return reading.jobs.map((job) => {
    const feeds = plans.filter(({ plan }) => isFed(job, plan, stages));
    const { image, planned, lacks } = imageOf(job, { occasion, prefixes, feeds, plans });
    const lack = lacks === "plan" ? (plans.length === 0 ? "unplanned" : "unfed") : lacks;
    const flaw = planned !== undefined && !isLate(job, reading.jobs) ? "early" : lack;
    const isOurs = isPlan(job) || isChild(job) || runsBerth(job);
    const seen = { job, does: does.get(job.name) ?? "runs", isOurs, image, planned };
    return { ...seen, flaw: isOurs ? undefined : flaw };
  });
}

/** GitLab leaves out a job that needs one which nobody has started, until somebody does. */
function doneBy(jobs: readonly PipelineJob[]): ReadonlyMap<string, Does> {
  const done = new Map<string, Does>();
  for (const { name, when, allowFailure } of jobs)
    if (when === "manual") done.set(name, allowFailure ? "may" : "manual");
  const needs = jobs.flatMap((job) => job.needs.map((need) => ({ needed: need.job, job })));
  const needing = Map.groupBy(needs, ({ needed }) => needed);
  for (const does of ["manual", "may"] as const) {
    const waiting = new Set([...done.keys()].filter((name) => done.get(name) === does));
    // It grows by those that need what waits.
    for (const name of waiting)
      for (const { job } of needing.get(name) ?? []) {
        if (done.has(job.name)) continue;
        done.set(job.name, does);
        waiting.add(job.name);
      }
  }
  return done;
}

/** The job that writes which image is where. */
export function isPlan({ options }: PipelineJob): boolean {
  const { artifacts } = options;
  const reports = isHash(artifacts) ? artifacts["reports"] : undefined;
  return isHash(reports) && flatten(reports["dotenv"]).includes(".berth/berth.env");
}

function scriptOf({ options }: PipelineJob): readonly string[] {
  return flatten(options["script"]).map(String);
}

function runsBerth(job: PipelineJob): boolean {
  return scriptOf(job).some((line) => /^berth (?:plan|ensure|publish|promote|prune)\b/.test(line));
}

/** It waits for berth's child pipeline, which builds what is missing. */
function isChild({ options }: PipelineJob): boolean {
  return JSON.stringify(options["trigger"] ?? "").includes(".berth/pipeline.yml");
}

/** Whether a job starts after the builds of a child pipeline: it needs that, or a job that does. */
function isLate(job: PipelineJob, jobs: readonly PipelineJob[]): boolean {
  if (job.scheduling === "stage" || !jobs.some(isChild)) return true;
  const byName = new Map(jobs.map((one) => [one.name, one]));
  const needed = new Set([job]);
  // It grows by what is needed of what is needed.
  for (const { needs } of needed)
    for (const one of needs.flatMap((need) => byName.get(need.job) ?? [])) {
      if (isChild(one)) return true;
      if (one.scheduling === "dag") needed.add(one);
    }
  return false;
}

export function promotes(job: PipelineJob): boolean {
  return scriptOf(job).includes("berth promote");
}

/** Whether variables of the plan reach a job: only those of needs do, where there are needs. */
function isFed(job: PipelineJob, plan: PipelineJob, stages: readonly string[]): boolean {
  if (job.dependencies?.includes(plan.name) === false) return false;
  if (job.scheduling === "stage") return stages.indexOf(plan.stage) < stages.indexOf(job.stage);
  return job.needs.some((need) => need.job === plan.name && need.artifacts);
}

type Promised = ReturnType<typeof promisedBy>;

/** What a plan tells later jobs, with one tag for all. */
function promisedBy(plan: PipelineJob, occasion: Occasion, images: PlannedImages) {
  const values = expandAll(knownTo(plan, occasion, []));
  const prefix = values.get(givenVariables.prefix) || images.prefix;
  const file = values.get("BERTH_INPUT_CONFIG") || images.file;
  const base = values.get("CI_REGISTRY_IMAGE") ?? "";
  const of = (name: string): string => images.repository.replaceAll("{name}", name);
  /** Images by what jobs would call them. */
  const references = new Map(
    images.names.map((name) => [`${base}/${of(name)}:${plannedTag}`, name]),
  );
  const each = [...references].map(([value, name]) => ({
    key: imageVariable(prefix, name),
    value,
  }));
  const both = [
    { key: `${prefix}_CONTAINER_BASE`, value: `${base}${templateFolder(images.repository) ?? ""}` },
    { key: `${prefix}_CONTAINER_TAG`, value: plannedTag },
  ];
  /** Where its images are by a tag, here or upstream; nobody's where a user gives the tag of all. */
  const places = [base, images.upstreamBase].flatMap((at) =>
    images.names.map((name) => `${at}/${of(name)}`),
  );
  const isGiven = occasion.settings.some(({ key }) => key === `${prefix}_CONTAINER_TAG`);
  const isEach = (values.get(givenVariables.reference) || images.reference) === "digest";
  const variables = isEach ? each : both;
  // Another configuration has images that are not known.
  const isOther = file !== images.file;
  return { plan, prefix, isOther, isEach, references, places: isGiven ? [] : places, variables };
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
  readonly prefixes: readonly string[];
  readonly feeds: readonly Promised[];
  readonly plans: readonly Promised[];
}

const runnersOwn = { image: undefined, planned: undefined, lacks: undefined };

/** The image that a runner would be asked for, and whether it lacks a plan that tells it, or is unknown to that. */
function imageOf(job: PipelineJob, { occasion, prefixes, feeds, plans }: Around) {
  const { image: said } = job.options;
  const written = isHash(said) ? said["name"] : said;
  if (!isText(written)) return runnersOwn;
  const known = knownTo(
    job,
    occasion,
    feeds.flatMap(({ variables }) => variables),
  );
  const names = new Set(known.map(({ key }) => key));
  const wanted = wantedOf([written, ...known.map(({ value }) => value)], prefixes);
  const others = feeds.filter(({ isOther }) => isOther);
  const isOthers = (key: string): boolean =>
    others.some(({ prefix }) => key.startsWith(`${prefix}_`));
  const absent = wanted
    .filter((key) => !names.has(key))
    .map((key) => ({ key, value: isOthers(key) ? plannedTag : nobody + key + nobody }));
  const image = expand(written, expandAll([...known, ...absent]), "stays");
  const isPlanned = image.includes(plannedTag);
  const own = feeds.map(({ references }) => references.get(image)).find(Boolean);
  const planned = own ?? (isPlanned && others.length > 0 ? "(another berth.yml's)" : undefined);
  const place = image.replace(/[:@][^/]*$/, "");
  const isFixed = !isPlanned && plans.some(({ places }) => places.includes(place));
  const lacked = [...image.matchAll(givenByNobody)].map(([, key = ""]) => key);
  const isMisnamed =
    lacked.length > 0 &&
    lacked.every((key) => feeds.some(({ prefix, isEach }) => isEach && isOfEach(key, prefix)));
  const isUnknown = isMisnamed || (isPlanned && planned === undefined);
  const lack = lacked.length > 0 ? "plan" : isFixed ? "fixed" : undefined;
  return {
    image: image.replace(givenByNobody, isMisnamed ? "$${$1}" : "").replace(`:${plannedTag}`, ""),
    planned,
    lacks: isUnknown ? "unknown" : lack,
  } as const;
}

/** Whether a variable would be that of one image. */
function isOfEach(key: string, prefix: string): boolean {
  return key.startsWith(`${prefix}_IMAGE_`);
}

/** Variables of plans that texts speak of. */
function wantedOf(texts: readonly string[], prefixes: readonly string[]): readonly string[] {
  const kinds = "(?:IMAGE_[A-Z0-9_]*|CONTAINER_(?:BASE|TAG))\\b";
  const promise = new RegExp(`\\$\\{?((?:${prefixes.join("|")})_${kinds})`, "g");
  const found = texts.flatMap((text) => [...text.matchAll(promise)]);
  return [...new Set(found.map(([, key = ""]) => key))];
}
