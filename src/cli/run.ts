/** `berth run`: a command, or a shell, in the exact image of CI on this machine. */
import { randomBytes } from "node:crypto";
import { constants } from "node:os";
import { relative } from "node:path";
import { type Command, Option } from "commander";
import { remembered } from "../context/memo.ts";
import { leadsOut } from "../context/paths.ts";
import { BerthError, type ExitCode, exitCodes } from "../errors.ts";
import { makeAttach, terminals } from "../host/terminal.ts";
import { ownBase } from "../plan/situation.ts";
import { shellLine } from "../printable.ts";
import { onPlatform, requireAll } from "../run/choose.ts";
import {
  type ContainerRequest,
  containerArguments,
  containerName,
  foldersOf,
} from "../run/container.ts";
import type { Located } from "../run/locate.ts";
import { pull } from "../run/pull.ts";
import type { Tool } from "../run/tool.ts";
import type { World } from "../world.ts";
import { carryOut } from "./carry-out.ts";
import { buildLocally, withParents } from "./local.ts";
import { makePlanOf } from "./make-plan.ts";
import { known } from "./project.ts";
import { addChoice, type ChoiceOptions, checkChoice, detect, findImages, usable } from "./pull.ts";
import {
  caller,
  openSession,
  refuseDirty,
  type Session,
  tellFailures,
  withSpool,
} from "./session.ts";
import {
  type BuildOptions,
  collect,
  engineOption,
  examples,
  printResult,
  usageError,
  type Work,
} from "./verb.ts";

const afterHelp = `
The work tree is mounted at its own path. The exit code is the command's; 125 to 127 may also be
docker's or podman's own. --json prints what was found and the command line, and runs nothing.
${examples(
  "berth run debian",
  "berth run debian -- make check",
  "berth run --local debian -- make check",
  "berth run debian --tag latest -- gcc --version",
  "berth run debian --pipeline 123456 --user image",
  "berth run debian --print",
)}`;

export function declare(command: Command): Work {
  command
    .description("run a command, or a shell, on this machine in the image that CI uses")
    .argument("<name>", "an image")
    .argument("[command...]", "after --; a shell where none is given");
  addChoice(command)
    .option("--build", "build the image first where no registry has it, with what it is built from")
    .addOption(
      new Option(
        "--local",
        "build it for this machine alone where no registry has it; needs no registry, commit or push right",
      ).conflicts(["build", "rev", "tag", "pipeline", "engine"]),
    )
    .option("--allow-dirty", "with --build: build and push although files differ from the commit")
    .addOption(engineOption("with --build: "))
    .addOption(
      new Option("--user <who>", "who the command runs as: you, or the user that the image names")
        .choices(["caller", "image"])
        .default("caller"),
    )
    .option("-e, --env <name[=value]>", "set a variable, or pass one on (repeatable)", collect)
    .option("-v, --volume <from:to[:ro]>", "mount something more (repeatable)", collect)
    .option("--network <name>", "the container's network")
    .option("--writable-git", "let the command write .git, which it may only read otherwise")
    .option("--print", "print the command line instead of running it")
    .addHelpText("after", afterHelp);
  return run;
}

interface ContainerOptions extends ChoiceOptions, Omit<BuildOptions, "output"> {
  readonly build?: boolean;
  readonly local?: boolean;
  readonly user: "caller" | "image";
  readonly env?: readonly string[];
  readonly volume?: readonly string[];
  readonly network?: string;
  readonly print?: boolean;
  readonly writableGit?: boolean;
}

/** Gives the command's own exit code. */
async function run(
  world: World,
  options: ContainerOptions,
  name: string,
  command: readonly string[],
): Promise<number> {
  checkChoice(options);
  const chosen = options.rev ?? options.tag ?? options.pipeline;
  if (options.build === true && chosen !== undefined)
    throw usageError(
      `build ${name} of ${chosen}: only the working tree is built`,
      "leave out --build",
    );
  if (options.build !== true && (options.engine ?? options.allowDirty) !== undefined)
    throw usageError(
      `run ${name}: --engine and --allow-dirty are for what --build builds`,
      "add --build, or leave them out; what runs the container is said by --with",
    );
  const session = await openSession(world, options);
  // Before an engine is asked, which may not answer.
  if (options.local === true) known(session.project.images, [name]);
  const detected = remembered(() => detect(world, options.with));
  const image =
    options.local === true
      ? await buildLocally(name, usable(await detected()).name, options, session)
      : await findOrBuild(name, options, session);
  if (typeof image === "number") return image;
  const { tool, trouble } = await detected();
  const request = await requestFor(image, command, options, session);
  if (options.print === true || options.json === true) {
    const line = [tool.command, ...containerArguments(request, tool, caller())];
    printResult(world, options, { ...image, command: line }, `${shellLine(line)}\n`);
    return exitCodes.done;
  }
  return runIn(image, request, usable({ tool, trouble }), session);
}

/** The image, or how building it failed. */
async function findOrBuild(
  name: string,
  options: ContainerOptions,
  session: Session,
): Promise<Located | number> {
  let search = await findImages([name], options, session);
  if (!search.located.has(name) && options.build === true) {
    const code = await buildImages([name], { ...options, output: ".berth" }, session);
    if (code !== exitCodes.done) return code;
    search = await findImages([name], options, session);
  }
  requireAll([name], options, search);
  return onPlatform(search.located.get(name) as Located, options.platform, session);
}

/** Builds as `ensure` would, these images and their parents only and without a set; 0 where all came to be. */
async function buildImages(
  names: readonly string[],
  options: BuildOptions,
  session: Session,
): Promise<ExitCode> {
  ownBase(session.situation);
  const outcomes = await withSpool(session.world, async (spool) => {
    const { plan, identified } = await makePlanOf(session, options, spool);
    refuseDirty("build", plan.dirty, options);
    const images = withParents(names, plan.images);
    const task = { plan, materials: identified.materials, manifests: new Map() };
    return (await carryOut(images, task, session, options)).map(({ outcome }) => outcome);
  });
  const code = tellFailures(session, outcomes);
  const absent = outcomes.some(({ digest }) => digest === null);
  return absent && code === exitCodes.done ? exitCodes.failed : code;
}

async function requestFor(
  { name, reference, platform }: Located,
  command: readonly string[],
  options: ContainerOptions,
  { world, project: { git } }: Session,
): Promise<ContainerRequest> {
  const { input, output } = terminals();
  const shown = options.print === true || options.json === true;
  return {
    reference,
    platform,
    ...(shown ? {} : { name: containerName(name, randomBytes(4).toString("hex")) }),
    terminal: input && (output || shown),
    user: options.user,
    ...(await foldersOf(git, world.files, options.writableGit === true)),
    workdir: leadsOut(relative(git.root, world.cwd)) ? git.root : world.cwd,
    volumes: options.volume ?? [],
    env: options.env ?? [],
    network: options.network,
    command,
  };
}

async function runIn(
  image: Located,
  request: ContainerRequest,
  tool: Tool,
  { world, login }: Session,
): Promise<number> {
  const attach = makeAttach();
  const source = { own: "", upstream: ", upstream's", here: ", built here" }[image.source];
  world.log.info(`${image.name} is ${image.reference}${source}`);
  await pull(image.reference, tool, { world, login, attach });
  const name = request.name ?? "";
  // What the command says comes next, perhaps for hours.
  world.log.flush();
  const ended = await attach(tool.command, containerArguments(request, tool, caller()), {
    mode: request.terminal ? "terminal" : "streams",
    insist: async () => void (await world.run(tool.command, ["kill", name])),
  });
  // One that was made and not yet started when the signal came is not removed by --rm.
  if (ended.asked !== undefined) await world.run(tool.command, ["rm", "--force", name]);
  const { exitCode, signal, missing } = ended;
  if (missing)
    throw new BerthError("ENGINE_MISSING", `run a container: ${tool.command} is not installed`);
  const { signals } = constants;
  return exitCode ?? 128 + (signals[signal as NodeJS.Signals] ?? signals.SIGTERM);
}
