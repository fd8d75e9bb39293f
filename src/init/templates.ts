/** Jobs that build images, or run in them, by freedesktop's ci-templates: what they say of each image. */
import type { Outline } from "../pipelines/pipeline.ts";
import type { FetchInclude, Include } from "../pipelines/ports.ts";
import { flatten, get, isMap, listOf, textOf, type YamlMap } from "../pipelines/tree.ts";
import { expandAll, type Variable, variablesOf } from "../pipelines/variables.ts";

/** A job that extends one of the templates, with all its variables in one another. */
export type TemplateJob = NonNullable<ReturnType<typeof read>>;

const builds = ["container-build", "container-ifnot-exists"];
const uses = ["distribution-image", "suffixed-image"];
const platforms = ["", "@x86_64", "@aarch64", "@ppc64le", "@s390x", "@riscv64"];

/** Stands for a file of ci-templates: jobs that tell which template they extend. */
export const standIn: FetchInclude = async (include) => {
  const name = templateOf(include);
  if (name === undefined) return undefined;
  const variables = { FDO_DISTRIBUTION_NAME: name };
  const jobs = platforms.flatMap((platform) => [
    ...builds.map((kind) => [kind, platform, { script: `.fdo.build@${name}` }] as const),
    ...uses.map((kind) => [kind, platform, { variables, image: `.fdo.use@${name}` }] as const),
  ]);
  const named = jobs.map(([kind, platform, job]) => [`.fdo.${kind}@${name}${platform}`, job]);
  return { text: JSON.stringify(Object.fromEntries(named)) };
};

export function isTemplate(include: Include): boolean {
  return templateOf(include) !== undefined;
}

function templateOf({ location, entry }: Include): string | undefined {
  const from = `${textOf(entry.get("project"))}/${location}`;
  return /ci-templates\/.*templates\/([a-z][\w-]*)\.ya?ml$/.exec(from)?.[1];
}

/** What stands for a variable that no file sets, until a text is shown. */
export function leftOpen(name: string): string {
  return `$?{${name}}`;
}

/** The names of variables in a text that no file sets. */
export function openIn(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/\$\?\{(\w+)\}/g)].map(([, name = ""]) => name))];
}

/** A text as a shell or a Dockerfile has it: with variables that no file sets, and `$` for `$$`. */
export function shown(text: string): string {
  return text.replaceAll("$?{", "${").replaceAll("$$", "$");
}

export type TemplateJobs = ReturnType<typeof readTemplateJobs>;

/** `others`: jobs that extend another of the templates, such as one for virtual machines. */
export function readTemplateJobs(pipeline: Outline | undefined) {
  const jobs = [...(pipeline?.jobs ?? [])];
  const marked = (markOf: (job: YamlMap) => unknown): readonly TemplateJob[] =>
    jobs.flatMap(([name, job]) => read(pipeline, name, job, markOf(job)) ?? []);
  const built = marked((job) => flatten(job.get("script"))[0]);
  const used = marked((job) => {
    const [image = ""] = imagesIn(job);
    // A job that says more of it than the template.
    const isVariable = /^\$\{?FDO_DISTRIBUTION_IMAGE\}?$/.test(image);
    return isVariable ? `.fdo.use@${get(job, "variables", "FDO_DISTRIBUTION_NAME")}` : image;
  });
  const known = new Set([...built, ...used].map(({ name }) => name));
  const others = jobs.flatMap(([name, job]) => {
    const bases = listOf(job.get("extends")).map(textOf);
    return !known.has(name) && bases.some((base) => /^\.fdo\.(?!ci-fairy)/.test(base)) ? name : [];
  });
  return { built, used, others };
}

function read(pipeline: Outline | undefined, name: string, job: YamlMap, mark: unknown) {
  const distribution = /^\.fdo\.(?:build|use)@(\w+)$/.exec(String(mark))?.[1];
  if (distribution === undefined) return undefined;
  const variables = settle([
    { key: "CI_JOB_NAME", value: name },
    { key: "FDO_DISTRIBUTION_NAME", value: distribution },
    ...(pipeline?.variables ?? []),
    ...variablesOf(job.get("variables")),
  ]);
  const given = (key: string): string => variables.get(key) ?? "";
  const suffix = given("FDO_REPO_SUFFIX") || `${distribution}/${given("FDO_DISTRIBUTION_VERSION")}`;
  // Where the image is, as the job has it.
  const reference = `${leftOpen("CI_REGISTRY_IMAGE")}/${suffix}:${given("FDO_DISTRIBUTION_TAG")}`;
  return { name, job, distribution, reference, variables };
}

/** Variables with those that no file sets marked as such. */
function settle(variables: readonly Variable[]): ReadonlyMap<string, string> {
  const known = new Map(variables.map((variable) => [variable.key, variable]));
  const named = variables.flatMap(({ value }) => [...value.matchAll(/\$\{?(\w+)/g)]);
  const unknown = named.flatMap(([, key = ""]) =>
    known.has(key) ? [] : [{ key, value: leftOpen(key), raw: true }],
  );
  return expandAll([...unknown, ...known.values()]);
}

/** The names of all images that a job runs in or beside, as they are written. */
export function imagesIn(job: YamlMap): readonly string[] {
  return [job.get("image"), ...flatten(job.get("services"))].flatMap((image) => {
    const name = isMap(image) ? get(image, "name") : image;
    return typeof name === "string" ? [name] : [];
  });
}
