/** Which images `run` and `pull` mean, and where those are. */
import { accessOf } from "../gitlab/access.ts";
import type { KeyedImage } from "../image/key.ts";
import { isTag } from "../oci/reference.ts";
import { type Source, sourcesOf } from "../plan/places.ts";
import { locateKeys, locateRecorded, locateTag, type Place, type Search } from "../run/locate.ts";
import { publishedBy, type RecordSearch, refreshedBy } from "../run/pipeline.ts";
import type { ToolName } from "../run/tool.ts";
import { usageError } from "./fail.ts";
import type { GlobalOptions } from "./program.ts";
import { known, openProject, type Project } from "./project.ts";
import type { Session } from "./session.ts";

export interface ChoiceOptions extends GlobalOptions {
  readonly rev?: string;
  readonly tag?: string;
  readonly pipeline?: string;
  readonly with?: ToolName;
}

/** Refuses what is no tag or pipeline before anything is asked. */
export function checkChoice({ tag, pipeline }: ChoiceOptions): void {
  if (tag !== undefined && !isTag(tag))
    throw usageError(`look for the tag ${tag}: not a tag`, "give a tag such as latest");
  if (pipeline !== undefined && !/^[1-9][0-9]*$/.test(pipeline))
    throw usageError(
      `look for pipeline ${pipeline}: not a number`,
      "give the number in the pipeline's address",
    );
}

/** Looks for the images named, or for all where none is. */
export async function findImages(
  names: readonly string[],
  options: ChoiceOptions,
  session: Session,
): Promise<Search> {
  const { project, situation, login } = session;
  const { config } = project;
  const place: Place = {
    sources: sourcesOf(situation, config.reference),
    template: config.repository,
    registry: login.registry,
  };
  if (options.tag !== undefined) return locateTag(wantedOf(project, names), options.tag, place);
  if (options.pipeline === undefined) return locateKeys(await keyed(project, names), place);
  return findOfPipeline(names, options.pipeline, options, session, place);
}

function wantedOf({ images }: Project, names: readonly string[]) {
  known(images, names);
  return names.length === 0 ? images : images.filter(({ name }) => names.includes(name));
}

async function keyed(project: Project, names: readonly string[]): Promise<readonly KeyedImage[]> {
  const { images } = await project.identify(names.length === 0 ? undefined : names);
  return names.length === 0 ? images : images.filter(({ name }) => names.includes(name));
}

/** What it refreshed, else the images of its commit where GitLab can be asked, else what it published. */
async function findOfPipeline(
  names: readonly string[],
  pipeline: string,
  options: ChoiceOptions,
  session: Session,
  place: Place,
): Promise<Search> {
  const { project } = session;
  const { sources, template, registry } = place;
  const wanted = wantedOf(project, names);
  const recorded = ({ found, troubles }: RecordSearch): Search =>
    found === undefined
      ? { located: new Map(), looked: sources.map(recordsText), troubles }
      : locateRecorded(wanted, found, template);
  const refreshed = await refreshedBy(pipeline, sources, registry);
  if (refreshed.found !== undefined) return recorded(refreshed);
  const commit = await commitOfPipeline(Number(pipeline), sources, session);
  if (commit === undefined) return recorded(await publishedBy(pipeline, sources, registry));
  const then = await openProject(session.world, { ...options, rev: commit });
  try {
    return await locateKeys(await keyed(then, names), place);
  } finally {
    await then.git.close();
  }
}

function recordsText({ base }: Source): string {
  return `the records in ${base.host}/${base.path}/berth`;
}

/** Asks GitLab, where one is known; a project's registry base begins with its path. */
async function commitOfPipeline(
  pipeline: number,
  sources: readonly Source[],
  { world, project }: Session,
): Promise<string | undefined> {
  const access = accessOf(world.env, project.config.prefix);
  if (access === undefined) return undefined;
  const { openGitLab } = await import("../host/gitlab.ts");
  const { fetch, clock, random, log } = world;
  const gitlab = openGitLab(access, { fetch, clock, random, log: log.info });
  for (const { base } of sources) {
    const { unlessDenied, isDenied } = await import("../gitlab/denied.ts");
    const answer = await unlessDenied(gitlab.pipeline(base.path, pipeline));
    if (!isDenied(answer) && answer !== undefined) return answer.sha;
  }
  return undefined;
}
