/** From what a project has to what its `berth.yml` and its pipeline should say. */
import { fileNames } from "../config/load.ts";
import type { BuildJob } from "./builders.ts";
import { gapsOf } from "./gaps.ts";
import { imagesOf } from "./images.ts";
import { type IncludeSettings, includeText, rulesOf } from "./include.ts";
import { type Remotes, registryOf, upstreamOf } from "./remotes.ts";
import {
  parentsOf,
  prefixOf,
  publishOf,
  referenceOf,
  repositoryOf,
  type Seen,
} from "./settings.ts";
import { stepsOf } from "./steps.ts";
import type { Survey } from "./survey.ts";

export type Proposal = ReturnType<typeof propose>;

interface ProposeOptions {
  readonly remotes: Remotes;
  /** Version of the component to include. */
  readonly version: string;
  /** Where the user says that images are. */
  readonly registry?: string | undefined;
  /** Where `berth.yml` goes, from the repository's top. */
  readonly config?: string;
}

/** From here on the first pipeline's builds are too long for one job; see docs/recipes.md, big projects. */
const manyImages = 10;

/**
 * `gaps` are to be looked at first; `config` is the text of `berth.yml`, `undefined` where the defaults are all that is
 * needed; `include` is to be added to the pipeline; `dockerfiles` are to be written, by their paths.
 */
export function propose(survey: Survey, { remotes, version, ...given }: ProposeOptions) {
  const images = imagesOf(survey);
  const prefix = prefixOf(survey);
  const upstream = upstreamOf(survey, prefix.value, remotes);
  const repository = repositoryOf(survey, images.value);
  const reference = referenceOf(survey, images.value, prefix.value, repository.value);
  const gates = rulesOf(survey, prefix.value, upstream.value);
  const registry = registryOf(survey, remotes, given.registry);
  const findings = [
    ...prefix.findings,
    ...upstream.findings,
    ...registry,
    ...repository.findings,
    ...parentsOf(survey, images.value),
    ...reference.findings,
    ...images.findings,
    ...publishOf(survey),
    ...gates.findings,
  ];
  const config = configText(findings);
  const include: IncludeSettings = {
    config: fileNames.some((name) => name === given.config) ? undefined : config && given.config,
    prefix: prefix.value,
    reference: reference.value,
    ...runnersOf(survey, images.value.length >= manyImages),
    gate: gates.value,
    staging: publishOf(survey).length > 0,
    version,
  };
  return {
    gaps: gapsOf(survey, images.value),
    findings,
    config,
    include: includeText(include),
    dockerfiles: Object.fromEntries(
      survey.drafts.filter(({ isThere }) => !isThere).map(({ path, text }) => [path, text]),
    ),
    steps: stepsOf(survey, include, images.value, registry.length > 0),
  };
}

/** The stage of the jobs that build images today. */
function commonStage(built: Survey["built"]): string | undefined {
  const stages = new Set(built.map(({ stage }) => stage));
  const [stage] = stages;
  return stages.size === 1 && stage?.includes("$") === false ? stage : undefined;
}

/** In which stage and on which runners images are built: those of today's jobs where these agree, else each platform on its own. */
function runnersOf({ built }: Survey, isMany: boolean) {
  const common = commonTags(built);
  const known = built.filter(({ runnerTags }) => !runnerTags.join().includes("$"));
  const own = new Map(
    known.flatMap(({ runsOn, runnerTags }) =>
      runsOn === undefined || common.length > 0 ? [] : [[runsOn, runnerTags] as const],
    ),
  );
  const others = built.filter(({ runsOn }) => runsOn === undefined);
  return {
    stage: commonStage(built),
    buildTags: own.size === 0 ? common : commonTags(others),
    platformTags: [...own].map(([platform, tags]) => [platform, ...tags]),
    fanOut: isMany || own.size > 0,
  };
}

/** None where jobs differ. */
function commonTags(built: readonly BuildJob[]): readonly string[] {
  const [first, ...others] = new Map(
    built.map(({ runnerTags }) => [JSON.stringify(runnerTags), runnerTags]),
  ).values();
  return others.length > 0 ? [] : (first ?? []);
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
  trouble: readonly string[],
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
