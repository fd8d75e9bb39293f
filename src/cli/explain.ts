/** `berth explain`: why an image's key is what it is, compared with another; and what a plan says of it. */
import type { Command } from "commander";
import { loadConfig, type State, stateOf } from "../config/load.ts";
import { promotedTags } from "../config/promoted.ts";
import { commitOf } from "../context/objects.ts";
import { revisionTrees } from "../context/revision.ts";
import { expected, ifPossible } from "../errors.ts";
import {
  type Against,
  answer,
  type Explanation,
  imageAgainst,
  revisionAgainst,
  startAgainst,
} from "../explain/explanation.ts";
import { printExplanation } from "../explain/print.ts";
import { changesSince } from "../explain/since.ts";
import { keyIn } from "../explain/state.ts";
import { beginsWithHost, isTag, parseReference, withTag } from "../oci/reference.ts";
import { type Source, sourcesOf } from "../plan/places.ts";
import type { Change } from "../plan/plan.ts";
import type { World } from "../world.ts";
import { known, namedConfig } from "./project.ts";
import { openSession, type Session } from "./session.ts";
import { examples, type GlobalOptions, printResult, usageError, type Work } from "./verb.ts";

export function declare(command: Command): Work {
  command
    .description("say what makes an image's key another one: lines, args, files, bases, parents")
    .argument("<name>", "an image")
    .option(
      "--against <what>",
      "a git revision, a promoted tag, `upstream`, or an image reference " +
        "(default: the promoted image, or else the commit that the branch began at)",
    )
    .option("--rev <rev>", "explain the image of a git revision instead of the working tree")
    .option("--offline", "ask no registry")
    .addHelpText(
      "after",
      examples(
        "berth explain debian",
        "berth explain debian --against v9.2.0",
        "berth explain debian --against upstream",
        "berth explain debian --rev v9.2.0 --against v9.1.0 --offline --json",
      ),
    );
  return explain;
}

interface ExplainOptions extends GlobalOptions {
  readonly against?: string;
  readonly rev?: string;
  readonly offline?: boolean;
}

async function explain(world: World, options: ExplainOptions, name: string): Promise<void> {
  const session = await openSession(world, options);
  const explanation = await explainImage(name, options, session);
  printResult(world, options, explanation, printExplanation(explanation, world.screen));
}

async function explainImage(
  name: string,
  options: ExplainOptions,
  session: Session,
): Promise<Explanation> {
  const { project, situation } = session;
  const { git, config, images } = project;
  const { against, rev } = options;
  known(images, [name]);
  const { key } = (await keyIn(project, name))!;
  const stateAt = statesOf(session, options);
  const sources = options.offline === true ? [] : sourcesOf(situation, config);
  const isDirty = async (head: string): Promise<boolean> =>
    rev === undefined &&
    (await ifPossible(stateAt(head).then((state) => keyIn(state, name))))?.key !== key;
  const found =
    against === undefined
      ? ((await promoted(name, sources, session)) ??
        (await startOf(rev ?? "HEAD", isDirty, session)))
      : await named(against, name, sources, session);
  const label = rev === undefined ? "the working tree" : `revision ${rev}`;
  return answer({ name, now: project, key, label, stateAt, against: found ?? null, git });
}

/** The promoted image, where it says enough to be compared; a registry that is away or refuses is no reason to fail. */
async function promoted(
  name: string,
  sources: readonly Source[],
  session: Session,
): Promise<Against | undefined> {
  const tag = await promotedTag(session);
  if (tag === undefined) return undefined;
  const leaveOut = expected(({ message, code }) => {
    session.world.log.warn(`${message} [${code}]; it is left out`);
    return undefined;
  });
  const look = (source: Source) => imageIn(source, tag, name, session).catch(leaveOut);
  const found = await firstIn(sources, look);
  // One that berth did not build may tell nothing.
  return (found?.key ?? found?.revision) ? found : undefined;
}

/** Where nothing promoted tells: the commit that the branch began at, on the default branch the last one that differs. */
async function startOf(
  rev: string,
  isDirty: (head: string) => Promise<boolean>,
  { project: { git }, situation }: Session,
): Promise<Against | undefined> {
  const head = await commitOf(git, rev);
  if (head === undefined) return undefined;
  return startAgainst(head, await isDirty(head), situation.defaultBranch, git);
}

/** What the user named; `sources` are none where no registry is to be asked. */
async function named(
  against: string,
  name: string,
  sources: readonly Source[],
  session: Session,
): Promise<Against> {
  const { project, login } = session;
  if (against === "upstream") return inUpstream(name, sources, session);
  const isPromoted = project.config.publish.some(({ tag }) => tag === against);
  const revision = isPromoted ? undefined : await revisionAgainst(against, project.git);
  if (revision !== undefined) return revision;
  const look = (source: Source) => imageIn(source, against, name, session);
  // The host must be written, for `origin/master` is a branch.
  const found = beginsWithHost(against)
    ? await imageAgainst(parseReference(against), against, login.registry)
    : await firstIn(isTag(against) ? sources : [], look);
  if (found !== undefined) return found;
  const where = sources.length === 0 ? "; no registry was asked" : "";
  const why = `neither a revision nor an image is called that${where}`;
  throw incomparable(name, against, why, session);
}

async function inUpstream(
  name: string,
  sources: readonly Source[],
  session: Session,
): Promise<Against> {
  // Where the own registry is that of the project which the configuration names, it is read as such alone.
  const isNamed = ![undefined, "auto"].includes(session.project.config.upstream);
  const upstream =
    sources.find(({ kind }) => kind === "upstream") ?? (isNamed ? sources[0] : undefined);
  if (upstream === undefined) throw incomparable(name, "upstream", "no upstream is known", session);
  const tag = (await promotedTag(session)) ?? "latest";
  const found = await imageIn(upstream, tag, name, session);
  if (found !== undefined) return { ...found, label: `upstream's ${tag}` };
  throw incomparable(name, "upstream", `it has no ${name}:${tag}`, session);
}

function incomparable(name: string, against: string, why: string, { project }: Session) {
  return usageError(
    `compare ${name} with ${against}: ${why}`,
    `give a revision of this clone (git fetch may help), a tag of the image, host/path:tag, or \`upstream\`, which the configuration or ${project.config.prefix}_UPSTREAM names (without --offline)`,
  );
}

/** What the first registry has that has anything; the next one is asked only where one has nothing. */
async function firstIn<T>(
  sources: readonly Source[],
  look: (source: Source) => Promise<T | undefined>,
): Promise<T | undefined> {
  for (const source of sources) {
    const found = await look(source);
    if (found !== undefined) return found;
  }
  return undefined;
}

function imageIn(source: Source, tag: string, name: string, { login }: Session) {
  return imageAgainst(withTag(source.repositoryOf(name), tag), tag, login.registry);
}

/** States at commits, which share what they read of git's objects. */
function statesOf(
  { world, project }: Session,
  options: Pick<GlobalOptions, "config">,
): (commit: string) => Promise<State> {
  const tree = revisionTrees(project.git);
  const named = namedConfig(world, options);
  return async (commit) => {
    const at = await tree(commit);
    return stateOf(at, await loadConfig(at, named), { missing: named ? "skip" : "error" });
  };
}

/** The tag that this branch promotes, or else the first that has a name of its own. */
async function promotedTag({ project, situation }: Session): Promise<string | undefined> {
  const { publish } = project.config;
  const { branch, defaultBranch } = situation;
  // Git is asked only where the answer can make a difference.
  const isAsked = branch === undefined && publish.length > 1;
  const current = isAsked ? await project.git.run(["branch", "--show-current"]) : "";
  const name = branch ?? current.toString().trim();
  const own = name === "" ? [] : promotedTags(project.config, { name, defaultBranch });
  return own[0] ?? publish.find(({ tag }) => !tag.includes("{"))?.tag;
}

/**
 * For images that have to be built, what changed since the promoted set, or else since the branch began; for the
 * reasons of a plan.
 *
 * Call it only where there is something to build: it costs one GET and reads the images of one commit.
 */
export async function reasonsOfBuilds(
  names: readonly string[],
  session: Session,
  options: Pick<GlobalOptions, "config">,
): Promise<ReadonlyMap<string, Change>> {
  const { project, situation, login } = session;
  const start = () => startOf("HEAD", async () => true, session);
  const bases = sourcesOf(situation, project.config).map(({ base }) => base);
  const states = { now: project, stateAt: statesOf(session, options) };
  const query = { names, tag: await promotedTag(session), bases, start, ...states };
  return changesSince(query, login.registry, project.git);
}
