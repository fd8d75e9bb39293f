/** What a person has to do besides adding `berth.yml` and the include. */
import { ownLines } from "./repository.ts";
import type { Survey } from "./survey.ts";

export function stepsOf(
  survey: Survey,
  prefix: string,
  reference: "digest" | "tag" | "own-tag",
  names: readonly string[],
): readonly string[] {
  const builders = [...new Set(survey.built.map(({ job }) => job))];
  const lines = ownLines(survey.imageLines, names);
  const tag = `${prefix}_CONTAINER_TAG`;
  const foreign = [...new Set(lines.map((line) => line.tag))].filter(
    (one) => one.replace(/[{}]/g, "") !== `$${tag}`,
  );
  return [
    "berth key: see that every image gets a key",
    ...(builders.length === 0
      ? []
      : [`delete the jobs that build images (${few(builders)}) with what only they extend`]),
    ...consumerSteps(reference, prefix, names.length === 1),
    ...(reference === "own-tag" && foreign.length > 0
      ? [`write $${tag} for the tag of image lines instead of ${foreign.join(", ")}`]
      : []),
    ...tagSteps(survey, tag),
    ...scheduleSteps(survey),
    ...guides(survey, prefix),
    "berth plan --registry HOST/PATH: see what would be built; it changes nothing",
  ];
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
  reference: "digest" | "tag" | "own-tag",
  prefix: string,
  isInline: boolean,
): readonly string[] {
  const planned = isInline ? "berth-images" : "berth-plan and berth-images";
  const needs = `let jobs that run in images need ${planned}`;
  if (reference === "own-tag") return [`${needs}, in place of the jobs that built images`];
  if (reference === "tag") {
    return ["let jobs that run in images extend .berth-use, with the image's name as IMAGE"];
  }
  return [
    `let jobs that run in images extend .berth-use and say image: $${prefix}_IMAGE_NAME, NAME in capital letters with _ for - and .`,
  ];
}

export function few(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most).join(", ");
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
