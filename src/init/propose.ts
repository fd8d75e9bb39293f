/** From what a project has to what its `berth.yml` and its pipeline should say. */

import type { Seen } from "./finding.ts";
import type { Draft } from "./freedesktop.ts";
import { rulesOf } from "./gates.ts";
import { imagesOf } from "./images.ts";
import { type IncludeSettings, includeText } from "./include.ts";
import {
  parentsOf,
  prefixOf,
  publishOf,
  referenceOf,
  repositoryOf,
  upstreamOf,
} from "./settings.ts";
import { stepsOf } from "./steps.ts";
import type { Survey } from "./survey.ts";

export interface Proposal {
  readonly findings: readonly Seen[];
  /** Text of `berth.yml`; `undefined` where the defaults are all that is needed. */
  readonly config: string | undefined;
  /** What to add to the pipeline. */
  readonly include: string;
  /** What is left for a person to do, in order. */
  readonly steps: readonly string[];
}

export interface ProposeOptions {
  /** Project path of a git remote called `upstream`. */
  readonly remote: string | undefined;
  /** Version of the component to include. */
  readonly version: string;
}

export function propose(survey: Survey, { remote, version }: ProposeOptions): Proposal {
  const images = imagesOf(survey);
  const prefix = prefixOf(survey);
  const upstream = upstreamOf(survey, prefix.value, remote);
  const repository = repositoryOf(survey, images.names);
  const reference = referenceOf(survey, images.names, prefix.value, repository.value);
  const gates = rulesOf(survey, prefix.value, upstream.value);
  const findings = [
    ...prefix.findings,
    ...upstream.findings,
    ...repository.findings,
    ...parentsOf(survey, images.names),
    ...reference.findings,
    ...images.findings,
    ...publishOf(survey),
    ...gates.findings,
  ];
  const include: IncludeSettings = {
    prefix: prefix.value,
    upstream: upstream.value,
    reference: reference.value,
    stage: commonStage(survey),
    inline: images.names.length === 1,
    gate: gates.value,
    version,
  };
  return {
    findings,
    config: configText(findings),
    include: includeText(include),
    steps: stepsOf(survey, prefix.value, reference.value, images.names),
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

/** `written`: where the configuration went; `undefined` where nothing was written. */
export function printProposal(proposal: Proposal, written: string | undefined): string {
  const { findings, config, include, steps } = proposal;
  return [
    heading("Found"),
    ...findings.map(({ found, chosen }) => `- ${found}:\n  ${chosen}`),
    "",
    ...(config === undefined
      ? [heading("No berth.yml is needed: the defaults fit")]
      : [heading(written === undefined ? "berth.yml" : `Written to ${written}`), indented(config)]),
    heading("Add to .gitlab-ci.yml, or to a file that it includes"),
    indented(include),
    heading("Then"),
    ...steps.map((step, index) => `${index + 1}. ${step}`),
    "",
  ].join("\n");
}

export function printDrafts(drafts: readonly Draft[]): string {
  return [
    heading("Found images of freedesktop's ci-templates; as Dockerfiles they would begin so"),
    ...drafts.flatMap(({ job, path, text }) => [`${path} (was: job ${job})`, indented(text)]),
    "",
  ].join("\n");
}

function heading(text: string): string {
  return `${text}\n`;
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, "    ");
}
