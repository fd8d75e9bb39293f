/** From a project to its plan: keys, a look at the registry, decisions. */
import { dirtyPaths } from "../context/dirty.ts";
import { printProblem } from "../errors.ts";
import type { Spool } from "../image/contexts.ts";
import type { Identified } from "../image/identify.ts";
import { lookAtFreshness } from "../plan/freshness.ts";
import { makePlan } from "../plan/make.ts";
import { announceReads, type Observation, observe } from "../plan/observe.ts";
import { sourcesOf } from "../plan/places.ts";
import { type Plan, withSince } from "../plan/plan.ts";
import type { Situation } from "../plan/situation.ts";
import type { Git } from "../world.ts";
import { mergeHistory } from "./ancestry.ts";
import { known, type Project } from "./project.ts";
import { refuseDirty, type Session } from "./session.ts";
import type { BuildOptions } from "./verb.ts";

export interface Planned {
  readonly plan: Plan;
  readonly identified: Identified;
  readonly observation: Observation;
}

/** Keys, looks and decides; all that `plan` and `ensure` have in common. */
export async function makePlanOf(
  session: Session,
  options: BuildOptions,
  spool?: Spool,
): Promise<Planned> {
  const { world, project, situation, login } = session;
  const { config, git } = project;
  const sources = sourcesOf(situation, config.reference);
  announceReads(project.images, sources, config.repository, login.registry);
  if (Array.isArray(situation.force)) known(project.images, situation.force);
  const identified = await project.identify(undefined, spool);
  // Git and the registry are asked at the same time: neither answer depends on the other.
  const [state, observation] = await Promise.all([
    cleanState(git, project, identified, situation, options),
    observe(identified.images, sources, config.repository, login.registry, {
      now: world.clock.now(),
      records: situation.merge === undefined || situation.role === "upstream" ? "all" : "upstream",
    }),
  ]);
  const fresh = await lookAtFreshness(
    identified.images,
    observation,
    situation,
    config,
    login.registry,
    mergeHistory(git),
    world.clock.now(),
  );
  const warnings = [...situation.warnings, ...identified.warnings.map(printProblem)];
  const bare = makePlan(identified.images, observation, config, situation, state, fresh, warnings);
  const plan = await withReasons(session, options, bare);
  for (const warning of plan.warnings) world.log.warn(warning);
  return { plan, identified, observation };
}

/** Says of what is to be built why; where there is nothing to build it costs nothing. */
async function withReasons(session: Session, options: BuildOptions, plan: Plan): Promise<Plan> {
  const names = plan.images
    .filter(({ decision }) => decision.kind === "build" && decision.because.code === "absent")
    .map(({ name }) => name);
  if (names.length === 0 || options.rev !== undefined) return plan;
  const { reasonsOfBuilds } = await import("./explain-states.ts");
  return withSince(plan, await reasonsOfBuilds(names, session, options));
}

async function cleanState(
  git: Git,
  project: Project,
  identified: Identified,
  situation: Situation,
  options: BuildOptions,
): Promise<{ revision: string | undefined; dirty: readonly string[] }> {
  const state =
    options.rev === undefined
      ? await workingState(git, project, identified, options)
      : { revision: await commitOf(git, options.rev), dirty: [] };
  // In CI every job must see the files of the commit; on a developer's machine only publishing is refused.
  if (situation.ci) refuseDirty("plan", state.dirty, options);
  return state;
}

async function workingState(
  git: Git,
  project: Project,
  { covered }: Identified,
  options: BuildOptions,
): Promise<{ revision: string | undefined; dirty: readonly string[] }> {
  const revision = await commitOf(git, "HEAD");
  if (revision === undefined) return { revision, dirty: covered.files };
  const config =
    project.config.file === undefined || options.config !== undefined ? [] : [project.config.file];
  const changed = await dirtyPaths(git, [...covered.files, ...covered.folders, ...config]);
  const counted = new Set([...covered.files, ...config]);
  const gone = await Promise.all(
    changed.map(async (path) => (await project.tree.entry(path)) === undefined),
  );
  // A changed file of a folder that an ignore file leaves out of the context is no part of any key.
  return {
    revision,
    dirty: changed.filter((path, index) => counted.has(path) || gone[index] === true),
  };
}

async function commitOf(git: Git, rev: string): Promise<string | undefined> {
  // The reader of objects runs in any case, for .gitmodules; this saves two processes.
  return (await git.object(`${rev}^{commit}`))?.id;
}
