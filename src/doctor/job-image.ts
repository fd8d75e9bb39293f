/** The image that a job would run in: what the variables of its pipeline make of it, and what a plan tells. */
import { type Config, givenVariables } from "../config/config.ts";
import type { PipelineJob } from "../pipelines/job.ts";
import type { Occasion } from "../pipelines/ports.ts";
import { isHash, isText, type Plain } from "../pipelines/tree.ts";
import { expand, expandAll, type Variable, valuesOf } from "../pipelines/variables.ts";
import { imageVariable, templateFolder } from "../plan/make.ts";

/** Which images the project has, and how its jobs learn of them. */
export interface PlannedImages
  extends Pick<Config, "prefix" | "repository" | "reference" | "file"> {
  readonly names: readonly string[];
  /** Below which upstream has them. */
  readonly upstreamBase: string;
}

/** Around the name of a variable that nobody gives, in place of its value. */
const nobody = "\u0000";
const givenByNobody = new RegExp(`${nobody}(\\w+)${nobody}`, "g");
const plannedTag = "planned-by-berth";

/** Stands for the registry of a GitLab that is not known. */
export const strangeRegistry = "registry.example.com";

/** The registry of the project that has the pipeline is shown by its variable. */
export function shownImage(image: string, { predefined }: Occasion): string {
  const base = valuesOf(predefined).get("CI_REGISTRY_IMAGE") ?? "";
  const isOwn = image.startsWith(base) && /^[/:@]/.test(image.slice(base.length));
  if (isOwn) return `$CI_REGISTRY_IMAGE${image.slice(base.length)}`;
  return image.replace(new RegExp(`^${strangeRegistry}/`), "$CI_REGISTRY/");
}

type Promised = ReturnType<typeof promisedBy>;

/** What a plan tells later jobs, with one tag for all. */
export function promisedBy(plan: PipelineJob, occasion: Occasion, images: PlannedImages) {
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

/** The image of a job or of one of its services that a runner would be asked for, and whether it lacks a plan that tells it, or is unknown to that. */
export function imageOf(
  said: Plain | undefined,
  job: PipelineJob,
  { occasion, prefixes, feeds, plans }: Around,
) {
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
