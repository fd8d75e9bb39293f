/** What is left for a person to do once `berth.yml` is there. */
import { imageVariable } from "../plan/make.ts";
import { few } from "../printable.ts";
import type { BuildJob } from "./builders.ts";
import type { Draft } from "./drafts.ts";
import type { IncludeSettings } from "./include.ts";
import { ownLines } from "./settings.ts";
import type { Survey } from "./survey.ts";
import type { TemplateJob, TemplateJobs } from "./templates.ts";

/** What a person has to do besides adding `berth.yml` and the include. */
export function stepsOf(
  survey: Survey,
  include: IncludeSettings,
  names: readonly string[],
  isRegistryKnown: boolean,
): readonly string[] {
  const { prefix, reference, fanOut, buildTags, platformTags } = include;
  const named = include.config === undefined ? "" : ` --config ${include.config}`;
  const where = isRegistryKnown ? "" : " --registry HOST/PATH";
  const tag = `${prefix}_CONTAINER_TAG`;
  const { builders, publishers } = jobsOf(survey.built);
  const tags = ownLines(survey.imageLines, names).map((line) => line.tag);
  const foreign = [...new Set(tags)].filter((one) => one.replace(/[{}]/g, "") !== `$${tag}`);
  const places = placesOf(survey, tag);
  return [
    `berth key${named}: see that every image gets a key`,
    builders.length > 0 &&
      `delete the jobs that build images (${few(builders)}) with what only they extend`,
    publishers.length > 0 &&
      `keep the jobs that publish what they build (${few(publishers)}); they may begin from the planned image`,
    consumerStep(include, survey),
    fanOut &&
      buildTags.length === 0 &&
      /^default:\n(?:[ #].*\n|\n)*? +tags:/m.test(survey.text) &&
      "give the runner tags of `default` as the input build_tags: no default reaches a child pipeline",
    platformTags.length > 0 &&
      "see that there is a tool image for the platforms of these runners (`berth help runners`, the tool image for other platforms)",
    reference === "own-tag" &&
      foreign.length > 0 &&
      `write $${tag} for the tag of image lines instead of ${foreign.join(", ")}`,
    places.length > 0 &&
      `delete ${tag} where variables set it (${few(places)}), for it would win over what was planned`,
    scheduleStep(survey.text),
    /\.fdo\.\w/.test(survey.text) &&
      "`berth help migrate-freedesktop` goes through the .fdo templates and their variables",
    prefix === "QEMU_CI" && "`berth help migrate-qemu` goes through all of it, with the traps",
    `berth doctor --pipelines${named}: see every job, when it runs and in which image, before you push`,
    `berth plan${named}${where}: see what would be built; it changes nothing`,
  ].filter((step) => step !== false);
}

/** The jobs that build for this pipeline alone, and those whose images go elsewhere or are named by others. */
function jobsOf(built: Survey["built"]): Record<"builders" | "publishers", readonly string[]> {
  const isPublished = ({ publishes, namedBy }: BuildJob) => publishes || namedBy.length > 0;
  const publishers = new Set(built.filter(isPublished).map(({ job }) => job));
  const jobs = [...new Set(built.map(({ job }) => job))];
  return { builders: jobs.filter((job) => !publishers.has(job)), publishers: [...publishers] };
}

/** Images are refreshed in schedules by default, so one is all that it takes. */
function scheduleStep(text: string): string {
  const schedule = /CI_PIPELINE_SOURCE[^\n]*schedule/.test(text)
    ? "see that some jobs that run in images run in the pipeline schedule"
    : "make a pipeline schedule on the default branch (Build > Pipeline schedules) in which some jobs run in images";
  return `${schedule}: there images older than 7 days, or with a base that moved, are built again, tested and promoted`;
}

/** Where files set a tag, which would count as one that a user asked for. */
function placesOf({ files }: Survey, tag: string): readonly string[] {
  const setting = new RegExp(`^\\s*(?:-\\s*)?["']?${tag}["']?\\s*:`);
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => (setting.test(line) ? `${path}:${index + 1}` : [])),
  );
}

function consumerStep(
  { prefix, reference, fanOut }: IncludeSettings,
  { templates, drafts }: Survey,
): string {
  if (reference === "own-tag") {
    const planned = fanOut ? "berth-plan and berth-images" : "berth-images";
    return `let jobs that run in images need ${planned}, in place of the jobs that built images`;
  }
  if (reference === "tag")
    return "let jobs that run in images extend .berth-use, with the image's name as IMAGE";
  if (drafts.length > 0 && templates.used.length > 0)
    return templateStep(prefix, templates, drafts);
  return `let jobs that run in images extend .berth-use and say image: $${prefix}_IMAGE_NAME, NAME in capital letters with _ for - and .`;
}

/** Which image each job runs in that extends a template. */
function templateStep(prefix: string, { used }: TemplateJobs, drafts: readonly Draft[]): string {
  const imageOf = (job: TemplateJob): string | undefined =>
    drafts.find(({ jobs }) => jobs.some(({ reference }) => reference === job.reference))?.name;
  const lines = [...Map.groupBy(used, imageOf)].map(([image, jobs]) => {
    const names = few(jobs.map(({ name }) => name));
    return image === undefined
      ? `   an image that was not recognised: ${names}`
      : `   image: $${imageVariable(prefix, image)}: ${names}`;
  });
  const first = "let jobs extend .berth-use in place of .fdo.distribution-image, and say";
  return [first, ...lines].join("\n");
}
