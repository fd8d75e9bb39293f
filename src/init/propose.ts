/** From what a project has to what its `berth.yml` and its pipeline should say. */

import { imageVariable } from "../plan/variables.ts";
import type { Draft } from "./drafts.ts";
import { gapsOf } from "./gaps.ts";
import { imagesOf } from "./images.ts";
import { type IncludeSettings, includeText, rulesOf } from "./include.ts";
import {
  ownLines,
  parentsOf,
  prefixOf,
  publishOf,
  type Remotes,
  referenceOf,
  registryOf,
  repositoryOf,
  type Seen,
  upstreamOf,
} from "./settings.ts";
import type { Survey } from "./survey.ts";
import type { TemplateJob, TemplateJobs } from "./templates.ts";
import { few } from "./yamltext.ts";

export interface Proposal {
  /** What a person should look at first. */
  readonly gaps: readonly string[];
  readonly findings: readonly Seen[];
  /** Text of `berth.yml`; `undefined` where the defaults are all that is needed. */
  readonly config: string | undefined;
  /** What to add to the pipeline. */
  readonly include: string;
  /** Dockerfiles to write, by their paths. */
  readonly dockerfiles: Readonly<Record<string, string>>;
  /** What is left for a person to do, in order. */
  readonly steps: readonly string[];
}

export interface ProposeOptions {
  readonly remotes: Remotes;
  /** Version of the component to include. */
  readonly version: string;
}

/** From here on the first pipeline's builds are too long for one job; see docs/recipes.md, big projects. */
const manyImages = 10;

export function propose(survey: Survey, { remotes, version }: ProposeOptions): Proposal {
  const images = imagesOf(survey);
  const prefix = prefixOf(survey);
  const upstream = upstreamOf(survey, prefix.value, remotes);
  const repository = repositoryOf(survey, images.names);
  const reference = referenceOf(survey, images.names, prefix.value, repository.value);
  const gates = rulesOf(survey, prefix.value, upstream.value);
  const findings = [
    ...prefix.findings,
    ...upstream.findings,
    ...registryOf(remotes),
    ...repository.findings,
    ...parentsOf(survey, images.names),
    ...reference.findings,
    ...images.findings,
    ...publishOf(survey),
    ...gates.findings,
  ];
  const fanOut = images.names.length >= manyImages;
  const include: IncludeSettings = {
    prefix: prefix.value,
    reference: reference.value,
    stage: commonStage(survey),
    fanOut,
    gate: gates.value,
    version,
  };
  return {
    gaps: gapsOf(survey),
    findings,
    config: configText(findings),
    include: includeText(include),
    dockerfiles: Object.fromEntries(
      survey.drafts.filter(({ isThere }) => !isThere).map(({ path, text }) => [path, text]),
    ),
    steps: stepsOf(survey, include, images.names),
  };
}

/** The stage of the jobs that build images today. */
function commonStage({ built }: Survey): string | undefined {
  const stages = new Set(built.map(({ stage }) => stage));
  const [stage] = stages;
  return stages.size === 1 && stage?.includes("$") === false ? stage : undefined;
}

function configText(findings: readonly Seen[]): string | undefined {
  const parts = findings.flatMap(({ chosen, yaml }) =>
    yaml.length === 0 ? [] : [`# ${sentence(chosen)}.`, ...yaml],
  );
  return parts.length === 0 ? undefined : `${parts.join("\n")}\n`;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * `written`: where the configuration went, and its Dockerfiles to where they belong; `undefined` where nothing was
 * written. `trouble` is what keeps images from having keys.
 */
export function printProposal(
  proposal: Proposal,
  written: string | undefined,
  trouble: readonly string[] = [],
): string {
  const { gaps, findings, config, include, steps } = proposal;
  const first = [...trouble, ...gaps.map((gap) => `- ${gap}`)];
  const fits = trouble.length === 0;
  return [
    ...(first.length === 0 ? [] : [heading("Look at this first"), ...first, ""]),
    heading("Found"),
    ...findings.map(({ found, chosen }) => `- ${found}:\n  ${chosen}`),
    "",
    ...printDockerfiles(proposal, written !== undefined),
    ...(config === undefined
      ? [heading(fits ? "No berth.yml is needed: the defaults fit" : "No berth.yml is proposed")]
      : [heading(written === undefined ? "berth.yml" : `Written to ${written}`), indented(config)]),
    heading("Add to .gitlab-ci.yml, or to a file that it includes"),
    indented(include),
    heading("Then"),
    ...steps.map((step, index) => `${index + 1}. ${step}`),
    "",
  ].join("\n");
}

/** As they are, or their paths where they can be looked at. */
function printDockerfiles({ dockerfiles }: Proposal, isWritten: boolean): readonly string[] {
  const all = Object.entries(dockerfiles);
  if (all.length === 0) return [];
  if (isWritten)
    return [
      heading("Written as a beginning"),
      indented(`${all.map(([path]) => path).join("\n")}\n`),
    ];
  return [
    heading("Dockerfiles to begin with"),
    ...all.map(([path, text]) => `${path}\n${indented(text)}`),
  ];
}

function heading(text: string): string {
  return `${text}\n`;
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, "    ");
}

/** What a person has to do besides adding `berth.yml` and the include. */
function stepsOf(
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
    ...(include.fanOut && /^default:\n(?:[ #].*\n|\n)*? +tags:/m.test(survey.text)
      ? [
          "give the runner tags of `default` as the input build_tags: no default reaches a child pipeline",
        ]
      : []),
    ...(reference === "own-tag" && foreign.length > 0
      ? [`write $${tag} for the tag of image lines instead of ${foreign.join(", ")}`]
      : []),
    ...tagSteps(survey, tag),
    ...scheduleSteps(survey),
    ...guides(survey, prefix),
    "berth plan --registry HOST/PATH: see what would be built; it changes nothing",
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
