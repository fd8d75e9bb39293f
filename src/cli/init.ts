/** `berth init`: from a project as it is to its `berth.yml` and the include to add. */
import { resolve } from "node:path";
import { defaultConfig } from "../config/config.ts";
import { declareImages } from "../config/discover.ts";
import { fileNames } from "../config/load.ts";
import { parentName } from "../config/parents.ts";
import { parseConfig } from "../config/parse.ts";
import type { Tree } from "../context/tree.ts";
import { workTree } from "../context/worktree.ts";
import { BerthError, type ExitCode, exitCodes } from "../errors.ts";
import { realWorld, type World } from "../host/world.ts";
import { identify } from "../image/identify.ts";
import { draftsOf } from "../init/freedesktop.ts";
import { printDrafts, printProposal } from "../init/print.ts";
import { type Proposal, propose } from "../init/propose.ts";
import { type Survey, surveyTree } from "../init/survey.ts";
import type { Git } from "../world.ts";
import { describeError, usageError } from "./fail.ts";
import type { GlobalOptions } from "./program.ts";

export interface InitOptions extends GlobalOptions {
  readonly print?: boolean;
}

export async function initCommand(options: InitOptions, version: string): Promise<ExitCode> {
  const world = realWorld();
  const git = await world.openGit(world.cwd);
  const target =
    options.config === undefined
      ? resolve(git.root, fileNames[0])
      : resolve(world.cwd, options.config);
  if (options.print !== true) await refuseExisting(world, git, target, options);
  const tree = workTree(git, world.files);
  const survey = await surveyTree(tree);
  if (survey.dockerfiles.length === 0) {
    await git.close();
    throw nothingFound(world, survey, options);
  }
  const proposal = propose(survey, { remote: await upstreamRemote(git), version });
  const trouble = await tryOut(tree, proposal);
  await git.close();
  const write = options.print !== true && proposal.config !== undefined;
  if (write) await world.files.write(target, proposal.config ?? "");
  world.print(
    options.json === true
      ? `${JSON.stringify({ file: target, written: write, ...proposal, config: proposal.config ?? null, trouble: trouble ?? null }, null, 2)}\n`
      : printProposal(proposal, write ? target : undefined),
  );
  if (trouble !== undefined) world.log.warn(`berth key will not work yet:\n${trouble}`);
  return exitCodes.done;
}

async function refuseExisting(
  world: World,
  git: Git,
  target: string,
  { config }: InitOptions,
): Promise<void> {
  const paths = config === undefined ? fileNames.map((name) => resolve(git.root, name)) : [target];
  for (const path of paths) {
    if ((await world.files.entry(path)) === undefined) continue;
    await git.close();
    throw usageError(
      `write a configuration: ${path} exists already`,
      "--print shows what would be written; delete or rename the file to write it anew",
    );
  }
}

function nothingFound(world: World, { pipeline }: Survey, { json }: InitOptions): BerthError {
  const drafts = pipeline === undefined ? [] : draftsOf(pipeline);
  if (drafts.length > 0 && json !== true) world.print(printDrafts(drafts));
  if (json === true) world.print(`${JSON.stringify({ written: false, drafts }, null, 2)}\n`);
  return new BerthError("CONFIG_INVALID", "look for images: the project has no Dockerfile", {
    hint:
      drafts.length > 0
        ? "write and commit these Dockerfiles, then run it again; docs/migrate-freedesktop.md has all the rest"
        : "write one; berth builds images from Dockerfiles only",
  });
}

/** What still keeps the images from having keys, as a person reads it. */
async function tryOut(tree: Tree, { config: text }: Proposal): Promise<string | undefined> {
  const config = text === undefined ? defaultConfig : parseConfig(text, fileNames[0]);
  try {
    const images = await declareImages(config, tree);
    await identify(images, tree, { parentOf: parentName(config, images) });
    return undefined;
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    return describeError(error, false).trimEnd();
  }
}

/** The project path of a remote called `upstream`, as forks' clones have it. */
async function upstreamRemote(git: Git): Promise<string | undefined> {
  const remotes = (await git.run(["remote", "-v"])).toString();
  const [, address = ""] = /^upstream\t(\S+) \(fetch\)$/m.exec(remotes) ?? [];
  return /^(?:\w+:\/\/[^/]+\/|[\w.-]+@[^:]+:)([^:]+?)(?:\.git)?\/?$/.exec(address)?.[1];
}
