/** What is left for a person to do once `berth.yml` is there. */
import { imageVariable } from "../plan/variables.ts";
import { few } from "../printable.ts";
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
): readonly string[] {
  const { prefix, reference } = include;
  const lines = ownLines(survey.imageLines, names);
  const tag = `${prefix}_CONTAINER_TAG`;
  const foreign = [...new Set(lines.map((line) => line.tag))].filter(
    (one) => one.replace(/[{}]/g, "") !== `$${tag}`,
  );
  return [
    "berth key: see that every image gets a key",
    ...builderSteps(survey),
    ...consumerSteps(include, survey),
    ...(include.fanOut &&
    include.buildTags.length === 0 &&
    /^default:\n(?:[ #].*\n|\n)*? +tags:/m.test(survey.text)
      ? [
          "give the runner tags of `default` as the input build_tags: no default reaches a child pipeline",
        ]
      : []),
    ...(include.platformTags.length > 0
      ? [
          "see that there is a tool image for the platforms of these runners (`berth help runners`, the tool image for other platforms)",
        ]
      : []),
    ...(reference === "own-tag" && foreign.length > 0
      ? [`write $${tag} for the tag of image lines instead of ${foreign.join(", ")}`]
      : []),
    ...tagSteps(survey, tag),
    ...scheduleSteps(survey),
    ...guides(survey, prefix),
  ];
}

/** What becomes of the jobs that build images today. */
function builderSteps({ built }: Survey): readonly string[] {
  const jobsThat = (publish: boolean): readonly string[] => {
    const jobs = built.filter(({ publishes }) => publishes === publish);
    return [...new Set(jobs.map(({ job }) => job))];
  };
  const [builders, publishers] = [jobsThat(false), jobsThat(true)];
  const steps = [
    builders.length > 0 &&
      `delete the jobs that build images (${few(builders)}) with what only they extend`,
    publishers.length > 0 &&
      `keep the jobs that publish what they build (${few(publishers)}); they may begin from the planned image`,
  ];
  return steps.filter((step) => step !== false);
}

function guides({ text }: Survey, prefix: string): readonly string[] {
  if (/\.fdo\.\w/.test(text)) {
    return ["`berth help migrate-freedesktop` goes through the .fdo templates and their variables"];
  }
  if (prefix !== "QEMU_CI") return [];
  return ["`berth help migrate-qemu` goes through all of it, with the traps"];
}

/** A tag that the files set would count as one that a user asked for. */
function tagSteps({ files }: Survey, tag: string): readonly string[] {
  const setting = new RegExp(`^\\s*(?:-\\s*)?["']?${tag}["']?\\s*:`);
  const places = files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => (setting.test(line) ? `${path}:${index + 1}` : [])),
  );
  if (places.length === 0) return [];
  return [
    `delete ${tag} where variables set it (${few(places)}), for it would win over what was planned`,
  ];
}

/** Images are refreshed in schedules by default, so one is all that it takes. */
function scheduleSteps({ text }: Survey): readonly string[] {
  const isThere = /CI_PIPELINE_SOURCE[^\n]*schedule/.test(text);
  const schedule = isThere
    ? "see that some jobs that run in images run in the pipeline schedule"
    : "make a pipeline schedule on the default branch (Build > Pipeline schedules) in which some jobs run in images";
  return [
    `${schedule}: there images older than 7 days, or with a base that moved, are built again, tested and promoted`,
  ];
}

function consumerSteps(
  { prefix, reference, fanOut }: IncludeSettings,
  { templates, drafts }: Survey,
): readonly string[] {
  const planned = fanOut ? "berth-plan and berth-images" : "berth-images";
  const needs = `let jobs that run in images need ${planned}`;
  if (reference === "own-tag") return [`${needs}, in place of the jobs that built images`];
  if (reference === "tag") {
    return ["let jobs that run in images extend .berth-use, with the image's name as IMAGE"];
  }
  if (drafts.length > 0) return templateSteps(prefix, templates, drafts);
  return [
    `let jobs that run in images extend .berth-use and say image: $${prefix}_IMAGE_NAME, NAME in capital letters with _ for - and .`,
  ];
}

/** Which image each job runs in that extends a template. */
function templateSteps(
  prefix: string,
  { used }: TemplateJobs,
  drafts: readonly Draft[],
): readonly string[] {
  const imageOf = (job: TemplateJob): string | undefined =>
    drafts.find(({ jobs }) => jobs.some(({ reference }) => reference === job.reference))?.name;
  const lines = [...Map.groupBy(used, imageOf)].map(([image, jobs]) => {
    const names = few(jobs.map(({ name }) => name));
    return image === undefined
      ? `   an image that was not recognised: ${names}`
      : `   image: $${imageVariable(prefix, image)}: ${names}`;
  });
  return [
    ["let jobs extend .berth-use in place of .fdo.distribution-image, and say", ...lines].join(
      "\n",
    ),
  ];
}
