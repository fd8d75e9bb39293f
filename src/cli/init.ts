/** `berth init`: from a project as it is to its `berth.yml` and the include to add. */
import { relative, resolve } from "node:path";
import type { Command } from "commander";
import { defaultConfig } from "../config/config.ts";
import { fileNames, stateOf } from "../config/load.ts";
import { parseConfig } from "../config/parse.ts";
import { leadsOut } from "../context/paths.ts";
import type { Tree } from "../context/tree.ts";
import { workTree } from "../context/worktree.ts";
import { BerthError, describeError, printProblem } from "../errors.ts";
import { gapsOf } from "../init/gaps.ts";
import { type Proposal, printProposal, propose } from "../init/propose.ts";
import { pathsOf, remotesOf } from "../init/remotes.ts";
import { surveyTree } from "../init/survey.ts";
import type { Git, World } from "../world.ts";
import { examples, type GlobalOptions, printResult, usageError, type Work } from "./verb.ts";

export function declare(command: Command): Work {
  const version = command.parent?.version() ?? "";
  command
    .description("look at a project, write its berth.yml and show the include to add")
    .option("--print", "show files instead of writing them")
    .addHelpText("after", examples("berth init", "berth init --print", "berth init --json"));
  return (world, options: InitOptions) => init(world, options, version);
}

interface InitOptions extends GlobalOptions {
  readonly print?: boolean;
}

async function init(world: World, options: InitOptions, version: string): Promise<void> {
  const git = await world.openGit(world.cwd);
  const target =
    options.config === undefined
      ? resolve(git.root, fileNames[0])
      : resolve(world.cwd, options.config);
  const config = relative(git.root, target);
  if (leadsOut(config))
    throw usageError(`write ${target}: outside of the repository`, "give a path that jobs have");
  if (options.print !== true) await refuseExisting(world, git, target, options);
  const tree = workTree(git, world.files);
  const remotes = await remotesOf(git);
  const survey = await surveyTree(tree, pathsOf(remotes));
  if (survey.dockerfiles.length === 0)
    throw new BerthError("CONFIG_INVALID", "look for images: the project has no Dockerfile", {
      hint: [...gapsOf(survey, []), "berth builds images from Dockerfiles only"].join(";\n"),
    });
  const proposal = propose(survey, { remotes, version, registry: options.registry, config });
  const trouble = await tryOut(survey.tree, proposal);
  const texts = Object.entries({ ...proposal.dockerfiles, [config]: proposal.config ?? "" });
  const wanted = options.print === true ? [] : texts.filter(([, text]) => text !== "");
  for (const [path, text] of wanted) await world.files.write(resolve(git.root, path), text);
  const write = wanted.length > 0;
  const value = { file: target, written: write, ...proposal, trouble };
  printResult(world, options, value, printProposal(proposal, write ? target : undefined, trouble));
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

/** What else is to be looked at shall be seen too. */
const mostProblems = 8;

/** What `berth key` would say of the proposal: why images have no keys, or what their builds will fail on. */
async function tryOut(tree: Tree, { config: text }: Proposal): Promise<readonly string[]> {
  try {
    const config = text === undefined ? defaultConfig : parseConfig(text, fileNames[0]);
    const { warnings } = await (await stateOf(tree, config)).identify();
    return warnings.map((problem) => `- ${printProblem(problem)}`);
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    const { code, message, problems } = error;
    const more = problems.length - mostProblems;
    const hint = more > 0 ? `\`berth key\` tells ${more} more` : error.hint;
    const first = { problems: problems.slice(0, mostProblems), hint };
    return [describeError(new BerthError(code, message, first)).trimEnd()];
  }
}
