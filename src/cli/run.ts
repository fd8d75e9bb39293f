/** `berth run`: a command, or a shell, in the exact image of CI on this machine. */
import { randomBytes } from "node:crypto";
import { constants } from "node:os";
import { relative } from "node:path";
import type { Config } from "../config/config.ts";
import { BerthError, exitCodes } from "../errors.ts";
import { makeAttach, terminals } from "../host/terminal.ts";
import type { World } from "../host/world.ts";
import { requireAll } from "../run/absent.ts";
import {
  type ContainerRequest,
  containerArguments,
  containerName,
  shellLine,
} from "../run/container.ts";
import { hadBegun, isShared, sharedCodeText } from "../run/ended.ts";
import type { Located } from "../run/locate.ts";
import type { Attached } from "../run/port.ts";
import { pull } from "../run/pull.ts";
import type { Tool } from "../run/tool.ts";
import type { Git } from "../world.ts";
import { usageError } from "./fail.ts";
import { type ChoiceOptions, checkChoice, findImages } from "./run-images.ts";
import { caller, meet, pullPorts, usable } from "./run-tool.ts";
import { openSession, type Session } from "./session.ts";

export interface RunOptions extends ChoiceOptions {
  readonly build?: boolean;
  readonly allowDirty?: boolean;
  readonly engine?: Config["engine"];
  readonly user: "caller" | "image";
  readonly env?: readonly string[];
  readonly volume?: readonly string[];
  readonly network?: string;
  readonly print?: boolean;
}

/** Gives the command's own exit code. */
export async function runCommand(
  name: string,
  command: readonly string[],
  options: RunOptions,
): Promise<number> {
  checkChoice(options);
  const chosen = options.rev ?? options.tag ?? options.pipeline;
  if (options.build === true && chosen !== undefined)
    throw usageError(
      `build ${name} of ${chosen}: only the working tree is built`,
      "leave out --build",
    );
  const session = await openSession({ ...options, output: ".berth" });
  const { world, project } = session;
  try {
    const image = await findOrBuild(name, options, session);
    if (typeof image === "number") return image;
    const { tool, trouble } = await meet(world, options.with);
    const request = await requestFor(image, command, options, project.git, world);
    if (options.print === true || options.json === true) {
      const line = [tool.command, ...containerArguments(request, tool, caller())];
      world.print(
        options.json === true
          ? `${JSON.stringify({ ...image, command: line }, null, 2)}\n`
          : `${shellLine(line)}\n`,
      );
      return exitCodes.done;
    }
    return await runIn(image, request, usable({ tool, trouble }), session);
  } finally {
    await project.git.close();
  }
}

/** The image, or how building it failed. */
async function findOrBuild(
  name: string,
  options: RunOptions,
  session: Session,
): Promise<Located | number> {
  let search = await findImages([name], options, session);
  if (!search.located.has(name) && options.build === true) {
    const { buildImages } = await import("./run-build.ts");
    const code = await buildImages([name], { ...options, output: ".berth" });
    if (code !== exitCodes.done) return code;
    search = await findImages([name], options, session);
  }
  requireAll([name], options, search);
  return search.located.get(name) as Located;
}

async function requestFor(
  { name, reference, platform }: Located,
  command: readonly string[],
  options: RunOptions,
  git: Git,
  world: World,
): Promise<ContainerRequest> {
  const { input, output } = terminals();
  const isInside = !/^\.\.(?:\/|$)/.test(relative(git.root, world.cwd));
  const shown = options.print === true || options.json === true;
  return {
    reference,
    platform,
    ...(shown ? {} : { name: containerName(name, randomBytes(4).toString("hex")) }),
    terminal: input && (output || shown),
    user: options.user,
    folders: await foldersOf(git, world),
    workdir: isInside ? world.cwd : git.root,
    volumes: options.volume ?? [],
    env: options.env ?? [],
    network: options.network,
    command,
  };
}

/** The work tree, and for a linked one (a worktree, a submodule) the repository that git needs beside it. */
async function foldersOf(git: Git, { files }: World): Promise<readonly string[]> {
  const dotGit = await files.entry(`${git.root}/.git`);
  if (dotGit?.kind === "directory") return [git.root];
  const answer = await git.run(["rev-parse", "--path-format=absolute", "--git-common-dir"]);
  const common = answer.toString().trim();
  return common.startsWith(`${git.root}/`) ? [git.root] : [git.root, common];
}

async function runIn(
  image: Located,
  request: ContainerRequest,
  tool: Tool,
  { world, login }: Session,
): Promise<number> {
  const attach = makeAttach();
  const source = image.source === "own" ? "" : ", upstream's";
  world.log.info(`${image.name} is ${image.reference}${source}`);
  await pull(image.reference, tool, pullPorts(world, login, attach));
  const name = request.name ?? "";
  // What the command says comes next, perhaps for hours.
  world.log.flush();
  const ended = await attach(tool.command, containerArguments(request, tool, caller()), {
    mode: request.terminal ? "terminal" : "streams",
    insist: async () => void (await world.run(tool.command, ["kill", name])),
  });
  // One that was made and not yet started when the signal came is not removed by --rm.
  if (ended.asked !== undefined) await world.run(tool.command, ["rm", "--force", name]);
  return exitCodeOf(ended, name, tool, world);
}

async function exitCodeOf(
  ended: Attached,
  name: string,
  tool: Tool,
  world: World,
): Promise<number> {
  const { exitCode, signal, missing } = ended;
  if (missing)
    throw new BerthError("ENGINE_MISSING", `run a container: ${tool.command} is not installed`);
  if (exitCode === undefined)
    return 128 + (constants.signals[signal as NodeJS.Signals] ?? constants.signals.SIGTERM);
  if (isShared(exitCode) && ended.asked === undefined) {
    const text = sharedCodeText(exitCode, await hadBegun(name, tool, world), tool);
    if (text !== undefined) world.log.info(`berth: ${text}`);
  }
  return exitCode;
}
