/** `berth pull`: the images that CI uses, by digest, on this machine. */
import { type Command, Option } from "commander";
import { type ExitCode, exitCodes } from "../errors.ts";
import { isDenied, unlessDenied } from "../gitlab/rights.ts";
import { makeAttach } from "../host/terminal.ts";
import type { World } from "../host/world.ts";
import type { KeyedImage } from "../image/key.ts";
import { isTag } from "../oci/reference.ts";
import { printTable } from "../output/print.ts";
import { type Source, sourcesOf } from "../plan/places.ts";
import type { Caller } from "../run/container.ts";
import {
  type Located,
  locateKeys,
  locateRecorded,
  locateTag,
  requireAll,
  type Search,
  type SearchScope,
} from "../run/locate.ts";
import { publishedBy, type RecordSearch, refreshedBy } from "../run/pipeline.ts";
import { type Attach, type PullPorts, pull } from "../run/pull.ts";
import { type Meeting, meetTool, type Tool, type ToolName } from "../run/tool.ts";
import { known, openProject, type Project } from "./project.ts";
import { gitlabOf, type Login, openSession, type Session } from "./session.ts";
import { doing, examples, type GlobalOptions, printResult, usageError } from "./verb.ts";

export function declare(program: Command): void {
  const command = program
    .command("pull")
    .description("bring the images that CI uses to this machine, by digest")
    .argument("[name...]", "images (default: all)");
  addChoice(command)
    .addHelpText(
      "after",
      examples("berth pull", "berth pull debian fedora", "berth pull --tag latest --with podman"),
    )
    .action(doing(pullImages));
}

interface Pulled extends Located {
  /** False where it was here already. */
  readonly pulled: boolean;
}

async function pullImages(
  world: World,
  options: ChoiceOptions,
  names: readonly string[],
): Promise<ExitCode> {
  checkChoice(options);
  const session = await openSession(world, options);
  const search = await findImages(names, options, session);
  const pulled = await pullAll(search, options, session);
  // What is there is of use, also where something is not.
  if (pulled.length > 0) printResult(world, options, { images: pulled }, table(pulled));
  const needed = names.length > 0 ? names : session.project.images.map(({ name }) => name);
  requireAll(needed, options, search);
  return exitCodes.done;
}

async function pullAll(
  { located }: Search,
  options: ChoiceOptions,
  { world, login }: Session,
): Promise<readonly Pulled[]> {
  if (located.size === 0) return [];
  const tool = usable(await meet(world, options.with));
  const ports = pullPorts(world, login, makeAttach());
  const done: Pulled[] = [];
  for (const image of located.values())
    done.push({ ...image, pulled: await pull(image.reference, tool, ports) });
  return done;
}

function table(images: readonly Pulled[]): string {
  const rows = images.map(({ name, pulled, reference }) => [
    name,
    pulled ? "pulled" : "was here",
    reference,
  ]);
  return printTable(["image", "", "reference"], rows);
}

export interface ChoiceOptions extends GlobalOptions {
  readonly rev?: string;
  readonly tag?: string;
  readonly pipeline?: string;
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
    .addOption(
      new Option(
        "--with <program>",
        "what runs containers (default: docker where it is installed, else podman)",
      ).choices(["docker", "podman"]),
    );
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
  const { project, situation, login, world } = session;
  const { config } = project;
  const place: SearchScope = {
    sources: sourcesOf(situation, config),
    registry: login.registry,
    now: world.clock.now(),
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
  place: SearchScope,
): Promise<Search> {
  const { project } = session;
  const { sources, registry } = place;
  const wanted = wantedOf(project, names);
  const recorded = ({ found, troubles }: RecordSearch): Search =>
    found === undefined
      ? { located: new Map(), looked: sources.map(recordsText), troubles }
      : locateRecorded(wanted, found);
  const refreshed = await refreshedBy(pipeline, sources, registry);
  if (refreshed.found !== undefined) return recorded(refreshed);
  const commit = await commitOfPipeline(Number(pipeline), sources, session);
  if (commit === undefined) return recorded(await publishedBy(pipeline, sources, registry));
  const then = await openProject(session.world, { ...options, rev: commit });
  return locateKeys(await keyed(then, names), place);
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
  const gitlab = await gitlabOf(world, project.config.prefix);
  if (gitlab === undefined) return undefined;
  for (const { base } of sources) {
    const answer = await unlessDenied(gitlab.pipeline(base.path, pipeline));
    if (!isDenied(answer) && answer !== undefined) return answer.sha;
  }
  return undefined;
}

/** Whom files in the work tree are to belong to. */
export function caller(): Caller {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}

export function meet({ run, files, env }: World, asked: ToolName | undefined): Promise<Meeting> {
  return meetTool(asked, { run, files, env, root: caller().uid === 0 });
}

/** The tool where it can run something now. */
export function usable({ tool, trouble }: Meeting): Tool {
  if (trouble !== undefined) throw trouble;
  return tool;
}

export function pullPorts(
  { run, files, env }: World,
  { credentials, insecureHosts }: Login,
  attach: Attach,
): PullPorts {
  return {
    run,
    attach,
    files,
    env,
    authFile: async (host) => (await credentials()).authFileFor([host]),
    insecureHosts,
  };
}
