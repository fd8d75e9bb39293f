/** From a project to its plan: what planning may ask of git, the registry and the person's wishes. */

import { dirtyPaths } from "../context/dirty.ts";
import { commitOf } from "../context/objects.ts";
import type { Spool } from "../image/contexts.ts";
import type { Identified } from "../image/identify.ts";
import type { FilesState } from "../plan/make.ts";
import type { Change } from "../plan/plan.ts";
import { type Planned, planOf } from "../plan/plan-of.ts";
import { mergeHistory } from "./ancestry.ts";
import { known } from "./project.ts";
import { refuseDirty, type Session } from "./session.ts";
import type { BuildOptions } from "./verb.ts";

/** Plans what the session is opened on; IMAGE_UNKNOWN where a user wants another image built again. */
export async function makePlanOf(
  session: Session,
  options: BuildOptions,
  spool?: Spool,
): Promise<Planned> {
  const { world, project, situation, login } = session;
  const { config, images, git } = project;
  const { force } = situation.wishes;
  if (Array.isArray(force)) known(images, force);
  const planned = await planOf({
    config,
    situation,
    images,
    registry: login.registry,
    now: world.clock.now(),
    identify: () => project.identify([], spool),
    filesState: (identified) => cleanState(session, identified, options),
    history: mergeHistory(git),
    changes: (names) => changesIn(names, session, options),
  });
  for (const warning of planned.plan.warnings) world.log.warn(warning);
  return planned;
}

/** What changed in images that have to be built; what another revision lacks is not asked. */
async function changesIn(names: readonly string[], session: Session, options: BuildOptions) {
  if (options.rev !== undefined) return new Map<string, Change>();
  const { reasonsOfBuilds } = await import("./explain-states.ts");
  return reasonsOfBuilds(names, session, options);
}

async function cleanState(
  session: Session,
  identified: Identified,
  options: BuildOptions,
): Promise<FilesState> {
  const { git } = session.project;
  const state =
    options.rev === undefined
      ? await workingState(session, identified, options)
      : { revision: await commitOf(git, options.rev), dirty: [] };
  // In CI every job must see the files of the commit; on a developer's machine only publishing is refused.
  if (session.situation.ci) refuseDirty("plan", state.dirty, options);
  return state;
}

async function workingState(
  { project: { git, tree, config } }: Session,
  { covered }: Identified,
  options: BuildOptions,
): Promise<FilesState> {
  const revision = await commitOf(git, "HEAD");
  if (revision === undefined) return { revision, dirty: covered.files };
  const own = config.file === undefined || options.config !== undefined ? [] : [config.file];
  const changed = await dirtyPaths(git, [...covered.files, ...covered.folders, ...own]);
  const counted = new Set([...covered.files, ...own]);
  const gone = await Promise.all(
    changed.map(async (path) => (await tree.entry(path)) === undefined),
  );
  // A changed file of a folder that an ignore file leaves out of the context is no part of any key.
  return {
    revision,
    dirty: changed.filter((path, index) => counted.has(path) || gone[index] === true),
  };
}
