/** The plan as later jobs read it: tags, references and variables that follow from the decisions; pure. */
import type { Config } from "../config/config.ts";
import { variableOf } from "../config/names.ts";
import { BerthError } from "../errors.ts";
import { isMember, withoutMembers } from "../image/image.ts";
import { type KeyedImage, ownTags, setIdOf } from "../image/key.ts";
import { printReference, printRepository, withDigest, withTag } from "../oci/reference.ts";
import { generationOfMachine, generationOfPipeline, ofGeneration } from "../oci/tags.ts";
import { few } from "../printable.ts";
import type { Env } from "../world.ts";
import type { Decided, Grounds } from "./decide.ts";
import { ownTemplate, repositoryOf } from "./places.ts";
import type { Decision, Plan, PlannedImage } from "./plan.ts";
import { ownBase, type Situation } from "./situation.ts";

/** What the plan says about the files that keys were made from. */
export interface FilesState {
  readonly revision: string | undefined;
  readonly dirty: readonly string[];
}

export function makePlan(
  { decisions, anew }: Decided,
  grounds: Grounds,
  told: { readonly state: FilesState; readonly env: Env; readonly warnings: readonly string[] },
): Plan {
  const { observation, config, situation } = grounds;
  const generation = anew.size > 0 ? generationOf(situation, grounds.fresh.now) : undefined;
  const images = grounds.images.flatMap((image) => {
    const decision = decisions.get(image.name);
    // Of an image that is used as it is, members are no part of the plan.
    if (decision === undefined && isMember(image.name)) return [];
    if (decision === undefined) throw new TypeError(`no decision for ${image.name}`);
    const own = anew.has(image.name) ? generation : undefined;
    return [planImage(image, decision, grounds, own)];
  });
  const complete =
    situation.own !== undefined && images.every(({ decision }) => endsInOwn(decision, situation));
  const set = setOf(grounds, images, complete, generation);
  const variables = variablesOf({ images, complete, set }, grounds);
  const many = manyVariables(Object.keys(variables).length, config, situation);
  return {
    version: 1,
    config: configOf(config),
    revision: told.state.revision ?? null,
    pipeline: situation.pipeline ?? null,
    untrusted: situation.untrusted ?? null,
    dirty: told.state.dirty,
    set,
    complete,
    images,
    variables,
    warnings: [
      ...observation.warnings,
      ...told.warnings,
      ...(many === undefined ? [] : [many.join("; ")]),
      ...unheard({ complete }, grounds),
      ...outranked(variables, told.env, situation),
    ],
  };
}

function setOf(
  { observation: { record }, config, situation, fresh }: Grounds,
  images: readonly PlannedImage[],
  complete: boolean,
  generation: string | undefined,
): Plan["set"] {
  const repository = ownTemplate(situation, config);
  const id = setIdOf(images, { repository, upstream: situation.upstream });
  const plain = ownTags.set(id);
  // What is completed here has a tag of its own, whatever upstream's record calls its set.
  const isTheirs = complete && record?.source.kind === "upstream";
  const recorded = isTheirs ? undefined : record?.content.tag;
  // A set's tag never moves: where copies take the place of images that have it, they get a new one.
  const copies = images.filter(({ decision }) => decision.kind === "copy");
  const isReplaced = recorded !== undefined && complete && copies.length > 0;
  const fork = isReplaced ? generationOf(situation, fresh.now) : undefined;
  const own = generation ?? fork;
  return {
    id,
    tag: own === undefined ? (recorded ?? plain) : ofGeneration(plain, own),
    record: record?.reference ?? null,
    generation: generation ?? null,
    stale: record?.source.kind === "own" && record.isStale,
  };
}

/** Names what a run refreshes; a pipeline is one run, whatever the number of its jobs. */
function generationOf({ pipeline }: Situation, now: Date): string {
  return pipeline === undefined ? generationOfMachine(now) : generationOfPipeline(pipeline);
}

function planImage(
  image: KeyedImage,
  decision: Decision,
  { config, situation }: Grounds,
  generation: string | undefined,
): PlannedImage {
  const plain = ownTags.key(image.key);
  const tag = generation === undefined ? plain : ofGeneration(plain, generation);
  const repository =
    situation.own === undefined
      ? undefined
      : repositoryOf(situation.own, ownTemplate(situation, config), image.name);
  const reference = (): string | null => {
    if (decision.kind === "reuse") return decision.reference;
    if (repository === undefined) return null;
    return printReference(
      decision.kind === "copy" ? withDigest(repository, decision.digest) : withTag(repository, tag),
    );
  };
  return {
    ...image,
    repository: repository === undefined ? null : printRepository(repository),
    tag,
    decision,
    reference: reference(),
  };
}

function endsInOwn(decision: Decision, situation: Situation): boolean {
  if (decision.kind !== "reuse") return true;
  const own = situation.own === undefined ? undefined : printRepository(situation.own);
  return own !== undefined && decision.reference.startsWith(`${own}/`);
}

/** What later jobs need of the configuration. */
export function configOf(config: Pick<Config, keyof Plan["config"]>): Plan["config"] {
  const { prefix, upstream, registry, repository, reference, publish, registries } = config;
  return { prefix, upstream, registry, repository, reference, publish, registries };
}

/** Prints a plan as plan.json holds it: what is not there is `null`. */
export function serializePlan(plan: Plan): string {
  return `${JSON.stringify(plan, (_, value: unknown) => (value === undefined ? null : value), 2)}\n`;
}

/** The variable that holds the reference of an image, such as `QEMU_CI_IMAGE_DEBIAN_ARM64`. */
export function imageVariable(prefix: string, name: string): string {
  return `${prefix}_IMAGE_${variableOf(name)}`;
}

/** Gives the variables that `reference` promises, and no other; DOTENV_LIMIT where they are too many. */
export function variablesOf(plan: PlannedSet, grounds: Grounds): Readonly<Record<string, string>> {
  const { config } = grounds;
  const { prefix, reference } = config;
  const entries =
    reference === "digest"
      ? withoutMembers(plan.images).flatMap((image): Entry[] =>
          image.reference === null ? [] : [[imageVariable(prefix, image.name), image.reference]],
        )
      : setVariables(plan, grounds);
  if (!fits(entries, config)) throw overLimit(entries.length, config);
  return Object.fromEntries(entries);
}

type PlannedSet = Pick<Plan, "images" | "complete" | "set">;
type Entry = readonly [name: string, value: string];

/** Base and tag for `image: $BASE/name:$TAG`; only where every image of the set has that tag there. */
function setVariables(
  plan: PlannedSet,
  { config, situation, observation }: Grounds,
): readonly Entry[] {
  const source = observation.record?.source;
  // Upstream's set is not the one that this run tests where it refreshes images of it.
  const isUpstreams = source?.kind === "upstream" && plan.set.generation === null;
  // Without these two a job in CI would have an invalid image; a person's plan is of use all the same.
  const isOwn = plan.complete || (situation.ci && !isUpstreams);
  const base = isOwn ? ownBase(situation) : isUpstreams ? source.base : undefined;
  const template = plan.complete ? ownTemplate(situation, config) : config.repository;
  const folder = templateFolder(template);
  if (base === undefined || folder === undefined) return [];
  // A tag that the user set is given to images of the own registry only; upstream's keep theirs.
  const tag = plan.complete ? (situation.wishes.tag ?? plan.set.tag) : plan.set.tag;
  return [
    [`${config.prefix}_CONTAINER_BASE`, `${printRepository(base)}${folder}`],
    [`${config.prefix}_CONTAINER_TAG`, tag],
  ];
}

/** What the configuration and a user ask for in vain. */
function unheard({ complete }: Pick<Plan, "complete">, { config, situation }: Grounds) {
  const { prefix, reference, repository } = config;
  const { tag } = situation.wishes;
  const untagged = `${prefix}_CONTAINER_TAG: no image gets the tag ${tag}, for some stay in a registry that this run only reads; \`reference: tag\` gives it to all`;
  const untold = `\`reference: ${reference}\` tells later jobs of no image: in \`repository: ${repository}\` {name} does not stand alone at the end`;
  const isTold = reference === "digest" || templateFolder(repository) !== undefined;
  return [tag === undefined || complete ? [] : untagged, isTold ? [] : untold].flat();
}

/** Variables of a pipeline or its settings that GitLab lets win over those of the plan's report (gitlab docs: precedence). */
function outranked(variables: Plan["variables"], env: Env, { ci }: Situation): readonly string[] {
  const set = Object.entries(variables).filter(([name, value]) => (env[name] || value) !== value);
  if (!ci || set.length === 0) return [];
  const names = few(set.map(([name]) => `${name}=${env[name]}`));
  return [
    `${names}: set already, and not what the plan says; from the settings, a trigger job or whoever started the pipeline that wins, and jobs run in another image than this commit's`,
  ];
}

/** What stands between base and name: `/qemu` for `qemu/{name}`; `undefined` where a name is not the last element. */
export function templateFolder(template: string): string | undefined {
  if (template === "{name}") return "";
  return template.endsWith("/{name}") ? `/${template.slice(0, -"/{name}".length)}` : undefined;
}

/** Prints variables as a dotenv report: no quotes, no blank lines (GitLab's rules). */
export function printDotenv(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/** How many variables of a dotenv report GitLab takes: GitLab.com's free tier, and others where nobody raised it (gitlab docs: dotenv). */
export const variableLimits = { free: 50, selfManaged: 20 };

/** What may become of so many, and what to do, where nobody said what this GitLab takes. */
export function manyVariables(
  count: number,
  { dotenv }: Config,
  { server }: Situation,
): readonly [detail: string, todo: string] | undefined {
  const isTold = dotenv.maxVariables !== undefined || server === undefined;
  if (isTold || server === "gitlab.com" || count <= variableLimits.selfManaged) return undefined;
  return [
    `${count} variables for later jobs: self-managed GitLab takes ${variableLimits.selfManaged} where nobody raised it (plan limit dotenv_variables), and over the limit the job fails at its upload`,
    "set `reference: tag` in berth.yml, which needs two for any number of images, or `dotenv.max_variables` to what the admins say",
  ];
}

function fits(entries: readonly Entry[], { dotenv }: Config): boolean {
  if (entries.length > (dotenv.maxVariables ?? variableLimits.free)) return false;
  return Buffer.byteLength(printDotenv(Object.fromEntries(entries))) <= dotenv.maxBytes;
}

function overLimit(count: number, { dotenv }: Config): BerthError {
  const { maxVariables = variableLimits.free, maxBytes } = dotenv;
  const what = `write the dotenv report: ${count} images need ${count} variables; GitLab takes ${maxVariables} variables and ${maxBytes} bytes`;
  return new BerthError("DOTENV_LIMIT", what, {
    hint: "set `reference: tag` in berth.yml (two variables for any number of images), or raise `dotenv.max_variables` where the server allows more",
  });
}
