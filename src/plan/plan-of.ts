/** The way to a plan: files give keys, registries give sightings, and both together decisions. */
import type { Config } from "../config/config.ts";
import { promotedTags } from "../config/promoted.ts";
import { printProblem } from "../errors.ts";
import type { Identified } from "../image/identify.ts";
import type { Image } from "../image/image.ts";
import { printRepository } from "../oci/reference.ts";
import type { Registry } from "../registry/registry.ts";
import type { Env } from "../world.ts";
import { type Decided, decide } from "./decide.ts";
import { lookAtFreshness, type MergeHistory, withMembers } from "./freshness.ts";
import { type FilesState, makePlan } from "./make.ts";
import { announceReads, missing, type Observation, observe } from "./observe.ts";
import { type Source, sourcesOf } from "./places.ts";
import type { Change, Plan } from "./plan.ts";
import { refusedWrite } from "./rights.ts";
import { asUntrusted, type Situation } from "./situation.ts";

/** What is planned, and whom the planning may ask. */
export interface Planning {
  readonly config: Config;
  readonly situation: Situation;
  /** The variables that jobs of this pipeline may have already. */
  readonly env: Env;
  readonly images: readonly Pick<Image, "name">[];
  readonly registry: Registry;
  readonly now: Date;
  /** Gives all images their keys. */
  readonly identify: () => Promise<Identified>;
  /** The commit of the files that were keyed, and what of them differs from it. */
  readonly filesState: (identified: Identified) => Promise<FilesState>;
  readonly history: MergeHistory;
  /** Says what changed in images that are nowhere, by name; asked only where there are some. */
  readonly changes: (names: readonly string[]) => Promise<ReadonlyMap<string, Change>>;
}

export interface Planned {
  readonly plan: Plan;
  /** As the plan takes it: what the token may not write is left to an untrusted run. */
  readonly situation: Situation;
  readonly identified: Identified;
  readonly observation: Observation;
}

/**
 * Plans, and where GitLab refuses to take what the plan makes, plans again as an untrusted run. A refusal that holds
 * for that too says nothing of trust: it is a warning, for whoever builds is refused with the same words.
 */
export async function planOf(planning: Planning): Promise<Planned> {
  const { situation, config, registry } = planning;
  announceReads(planning.images, sourcesOf(situation, config), registry);
  const identified = await planning.identify();
  // Git and the registry are asked at the same time: neither answer depends on the other.
  const keyed = { identified, state: planning.filesState(identified) };
  const planned = await planIn(situation, planning, keyed);
  const why = await refusedWrite(planned.plan, situation, registry);
  if (why === undefined) return planned;
  if (situation.untrusted === undefined) {
    const untrusted = asUntrusted(situation, why);
    announceReads(planning.images, sourcesOf(untrusted, config), registry);
    const tried = await planIn(untrusted, planning, keyed);
    const isRefused = await refusedWrite(tried.plan, tried.situation, registry);
    const isDropped = refreshes(planned) && !refreshes(tried);
    if (isRefused === undefined)
      return isDropped ? warned(tried, `nothing is refreshed: ${why}`) : tried;
  }
  return warned(planned, why);
}

function refreshes({ plan }: Planned): boolean {
  return plan.images.some(({ decision }) => decision.kind === "refresh");
}

function warned(planned: Planned, why: string): Planned {
  return { ...planned, plan: { ...planned.plan, warnings: [why, ...planned.plan.warnings] } };
}

interface Keyed {
  readonly identified: Identified;
  readonly state: Promise<FilesState>;
}

async function planIn(
  situation: Situation,
  { config, env, registry, now, history, changes }: Planning,
  { identified, state: stateComing }: Keyed,
): Promise<Planned> {
  const sources = sourcesOf(situation, config);
  const [state, seen] = await Promise.all([
    stateComing,
    observe(identified.images, sources, registry, { now, records: recordsFor(situation, sources) }),
  ]);
  const asked = { situation, config, registry };
  const { images, observation } = await withMembers(identified.images, seen, sources, asked);
  const absent = missing(images, observation);
  const [fresh, changed] = await Promise.all([
    lookAtFreshness(images, observation, { ...asked, history, now }),
    absent.length === 0 ? undefined : changes(absent),
  ]);
  const there = [...observation.sightings].filter(([name]) => !fresh.gone.has(name));
  const found = { ...observation, sightings: new Map(there) };
  const grounds = { images, observation: found, config, situation, fresh, changes: changed };
  const decided = decide(grounds);
  const warnings = [
    ...untrustedWarnings(decided, situation, config),
    ...refreshWarnings(decided, situation, config),
    ...config.warnings,
    ...situation.warnings,
    ...identified.warnings.map(printProblem),
  ];
  const plan = makePlan(decided, grounds, { state, env, warnings });
  return { plan, situation, identified, observation };
}

/** Where what is made goes, which no other pipeline reads. */
function untrustedWarnings(
  { decisions }: Decided,
  { untrusted, own }: Situation,
  { prefix, reference }: Config,
): readonly string[] {
  const isIdle = [...decisions.values()].every(({ kind }) => kind === "reuse");
  if (untrusted === undefined || own === undefined || isIdle) return [];
  const place = `untrusted run (${untrusted}): what it makes goes to ${printRepository(own)}/, which only such runs read`;
  const how = `; jobs find it by ${prefix}_CONTAINER_BASE, and not by CI_REGISTRY_IMAGE`;
  return [reference === "own-tag" ? `${place}${how}` : place];
}

/** A schedule may run on a branch that promotes nothing, and then nobody else gets what it refreshes. */
function refreshWarnings(
  { decisions }: Decided,
  { branch, defaultBranch }: Situation,
  config: Config,
): readonly string[] {
  const isRefreshed = [...decisions.values()].some(
    (decision) =>
      decision.kind === "refresh" && ["max-age", "base-moved"].includes(decision.because.code),
  );
  const isPromoted =
    branch !== undefined && promotedTags(config, { name: branch, defaultBranch }).length > 0;
  if (!isRefreshed || isPromoted) return [];
  return [
    `what is refreshed serves this pipeline alone, and the next one builds it again: no rule of \`publish\` names ${branch ?? "a pipeline without a branch"}, so nothing is promoted`,
  ];
}

/** In a merge upstream may have come to have what the own record names. */
function recordsFor({ merge, role }: Situation, sources: readonly Source[]): readonly Source[] {
  const isMerge = merge !== undefined && role !== "upstream";
  return isMerge ? sources.filter(({ kind }) => kind === "upstream") : sources;
}
