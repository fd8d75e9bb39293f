/** `berth init`: from a project as it is to its `berth.yml` and the include to add. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { defaultConfig } from "../config/config.ts";
import { declareImages } from "../config/discover.ts";
import { fileNames } from "../config/load.ts";
import { parentName } from "../config/parents.ts";
import { parseConfig } from "../config/parse.ts";
import type { Tree } from "../context/tree.ts";
import { workTree } from "../context/worktree.ts";
import { BerthError, describeError, type ExitCode, exitCodes } from "../errors.ts";
import type { World } from "../host/world.ts";
import { identify } from "../image/identify.ts";
import { draftsOf } from "../init/freedesktop.ts";
import { type Proposal, printDrafts, printProposal, propose } from "../init/propose.ts";
import { type Survey, surveyTree } from "../init/survey.ts";
import type { Git } from "../world.ts";
import { doing, examples, type GlobalOptions, printResult, usageError } from "./verb.ts";

export function declare(program: Command): void {
  const version = program.version() ?? "";
  program
    .command("init")
    .description("look at a project, write its berth.yml and show the include to add")
    .option("--print", "show berth.yml instead of writing it")
    .addHelpText("after", examples("berth init", "berth init --print", "berth init --json"))
    .action(doing((world, options: InitOptions) => init(world, options, version)));
}

interface InitOptions extends GlobalOptions {
  readonly print?: boolean;
}

async function init(world: World, options: InitOptions, version: string): Promise<ExitCode> {
  const git = await world.openGit(world.cwd);
  const target =
    options.config === undefined
      ? resolve(git.root, fileNames[0])
      : resolve(world.cwd, options.config);
  if (options.print !== true) await refuseExisting(world, git, target, options);
  const tree = workTree(git, world.files);
  const survey = await surveyTree(tree);
  if (survey.dockerfiles.length === 0) throw nothingFound(world, survey, options);
  const proposal = propose(survey, { remote: await upstreamRemote(git), version });
  const trouble = await tryOut(tree, proposal);
  const write = options.print !== true && proposal.config !== undefined;
  if (write) await world.files.write(target, proposal.config ?? "");
  const value = { file: target, written: write, ...proposal, config: proposal.config, trouble };
  printResult(world, options, value, printProposal(proposal, write ? target : undefined));
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
    throw usageError(
      `write a configuration: ${path} exists already`,
      "--print shows what would be written; delete or rename the file to write it anew",
    );
  }
}

function nothingFound(world: World, { pipeline }: Survey, options: InitOptions): BerthError {
  const drafts = pipeline === undefined ? [] : draftsOf(pipeline);
  const text = drafts.length > 0 ? printDrafts(drafts) : "";
  printResult(world, options, { written: false, drafts }, text);
  return new BerthError("CONFIG_INVALID", "look for images: the project has no Dockerfile", {
    hint:
      drafts.length > 0
        ? "write and commit these Dockerfiles, then run it again; `berth help migrate-freedesktop` has all the rest"
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
    return describeError(error).trimEnd();
  }
}

/** The project path of a remote called `upstream`, as forks' clones have it. */
async function upstreamRemote(git: Git): Promise<string | undefined> {
  const remotes = (await git.run(["remote", "-v"])).toString();
  const [, address = ""] = /^upstream\t(\S+) \(fetch\)$/m.exec(remotes) ?? [];
  return /^(?:\w+:\/\/[^/]+\/|[\w.-]+@[^:]+:)([^:]+?)(?:\.git)?\/?$/.exec(address)?.[1];
}
