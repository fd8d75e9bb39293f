/** `berth pull`: the images that CI uses, by digest, on this machine; `run` begins with the same. */
import { type Command, Option } from "commander";
import { hasCommit } from "../context/objects.ts";
import { isDenied, unlessDenied } from "../gitlab/rights.ts";
import { makeAttach } from "../host/terminal.ts";
import { withoutMembers } from "../image/image.ts";
import type { KeyedImage } from "../image/key.ts";
import { isTag, printRepository } from "../oci/reference.ts";
import { printReferences } from "../output/print.ts";
import { type Source, sourcesOf } from "../plan/places.ts";
import { onPlatform, requireAll, type Wanted } from "../run/choose.ts";
import {
  type Located,
  locateKeys,
  locateRecorded,
  locateTag,
  publishedBy,
  refreshedBy,
  type Search,
  type SearchScope,
} from "../run/locate.ts";
import { pull } from "../run/pull.ts";
import { type DetectedTool, detectTool, type Tool, type ToolName } from "../run/tool.ts";
import type { Screen, World } from "../world.ts";
import { named, openProject, type Project } from "./project.ts";
import { caller, gitlabOf, openSession, type Session } from "./session.ts";
import {
  examples,
  type GlobalOptions,
  printResult,
  programOption,
  usageError,
  type Work,
} from "./verb.ts";

export function declare(command: Command): Work {
  command
    .description("bring the images that CI uses to this machine, by digest")
    .argument("[name...]", "images (default: all)");
  addChoice(command).addHelpText(
    "after",
    examples("berth pull", "berth pull debian fedora", "berth pull --tag latest --with podman"),
  );
  return pullImages;
}

interface Pulled extends Located {
  /** False where it was here already. */
  readonly pulled: boolean;
}

async function pullImages(
  world: World,
  options: ChoiceOptions,
  names: readonly string[],
): Promise<void> {
  checkChoice(options);
  const session = await openSession(world, options);
  const search = await findImages(names, options, session);
  const pulled = await pullAll(search, options, session);
  const needed = named(session.project.images, names).map(({ name }) => name);
  const isWhole = needed.every((name) => search.located.has(name));
  // What is there is of use to a person, also where something is not; a program gets the error in its place.
  if (isWhole || (pulled.length > 0 && options.json !== true))
    printResult(world, options, { images: pulled }, table(pulled, world.screen));
  requireAll(needed, options, search);
}

async function pullAll(
  { located }: Search,
  options: ChoiceOptions,
  session: Session,
): Promise<readonly Pulled[]> {
  if (located.size === 0) return [];
  const tool = usable(await detect(session.world, options.with));
  const ports = { ...session, attach: makeAttach() };
  const done: Pulled[] = [];
  for (const found of located.values()) {
    const image = await onPlatform(found, options.platform, session);
    done.push({ ...image, pulled: await pull(image.reference, tool, ports) });
  }
  return done;
}

function table(images: readonly Pulled[], screen: Screen): string {
  const rows = images.map(({ name, pulled, reference }) => ({
    cells: [name, pulled ? "pulled" : "was here"],
    reference,
  }));
  return printReferences(["IMAGE", "RESULT"], rows, { screen, references: true });
}

export interface ChoiceOptions extends GlobalOptions, Wanted {
  readonly platform?: string;
  readonly with?: ToolName;
}

/** Which image is meant, and the program that pulls it. */
export function addChoice(command: Command): Command {
  return command
    .option("--rev <rev>", "the image of a git revision instead of the working tree's")
    .addOption(
      new Option("--tag <tag>", "the image with this tag, such as latest").conflicts("rev"),
    )
    .addOption(
      new Option("--pipeline <id>", "the image that a pipeline ran in").conflicts(["rev", "tag"]),
    )
    .option("--platform <platform>", "the platform, of several (default: this machine's)")
    .addOption(programOption());
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
  const { tag, pipeline } = options;
  const { project } = session;
  const scope = scopeOf(session);
  if (tag !== undefined) return locateTag(named(project.images, names), tag, scope);
  if (pipeline !== undefined) return findOfPipeline(pipeline, names, options, session);
  return locateKeys(await keyed(project, names), scope);
}

/** Where the images of this situation are looked for. */
export function scopeOf({ project, situation, login, world }: Session): SearchScope {
  const sources = sourcesOf(situation, project.config);
  return { sources, registry: login.registry, now: world.clock.now() };
}

async function keyed(project: Project, names: readonly string[]): Promise<readonly KeyedImage[]> {
  const { images } = await project.identify(names);
  return named(withoutMembers(images), names);
}

/** What it refreshed, else the images of its commit where GitLab can be asked, else what it published. */
async function findOfPipeline(
  pipeline: string,
  names: readonly string[],
  options: ChoiceOptions,
  session: Session,
): Promise<Search> {
  const scope = scopeOf(session);
  const wanted = named(session.project.images, names);
  let record = await refreshedBy(pipeline, scope);
  if (record.found === undefined) {
    const commit = await commitOfPipeline(Number(pipeline), scope.sources, session);
    const isHere = commit !== undefined && (await hasCommit(session.project.git, commit));
    if (!isHere) record = await publishedBy(pipeline, scope);
    if (commit !== undefined && record.found === undefined) {
      const then = await openProject(session.world, { ...options, rev: commit });
      return locateKeys(await keyed(then, names), scope);
    }
  }
  const { found, troubles } = record;
  if (found !== undefined) return locateRecorded(wanted, found);
  const looked = scope.sources.map(({ base }) => `the records in ${printRepository(base)}/berth`);
  return { located: new Map(), looked, troubles };
}

/** Asks GitLab, where one is known; a project's registry base begins with its path. */
async function commitOfPipeline(
  pipeline: number,
  sources: readonly Source[],
  { world, project }: Session,
): Promise<string | undefined> {
  const gitlab = await gitlabOf(world, project.config.prefix);
  if (gitlab === undefined) return undefined;
  for (const { base } of sources) {
    const answer = await unlessDenied(gitlab.pipeline(base.path, pipeline));
    if (!isDenied(answer) && answer !== undefined) return answer.sha;
  }
  return undefined;
}

export function detect(
  { run, files, env }: World,
  asked: ToolName | undefined,
): Promise<DetectedTool> {
  return detectTool(asked, { run, files, env, root: caller().uid === 0 });
}

/** The tool where it can run something now. */
export function usable({ tool, trouble }: DetectedTool): Tool {
  if (trouble !== undefined) throw trouble;
  return tool;
}
