/** `berth explain`: why an image's key is what it is, compared with another. */
import type { Command } from "commander";
import { commitOf } from "../context/objects.ts";
import { expected, ifPossible } from "../errors.ts";
import { type Against, imageAgainst, revisionAgainst, startAgainst } from "../explain/against.ts";
import { answer, type Explanation, workingTree } from "../explain/explanation.ts";
import { printExplanation } from "../explain/print.ts";
import { keyIn } from "../explain/state.ts";
import type { KeyedImage } from "../image/key.ts";
import {
  beginsWithHost,
  isTag,
  parseReference,
  printReference,
  printRepository,
  type Reference,
  withTag,
} from "../oci/reference.ts";
import { announceReads, foundOf, observe } from "../plan/observe.ts";
import { type Source, sourcesOf } from "../plan/places.ts";
import type { World } from "../world.ts";
import { promotedTag, statesOf } from "./explain-states.ts";
import { known } from "./project.ts";
import { openSession, type Session } from "./session.ts";
import { type Doing, examples, type GlobalOptions, printResult, usageError } from "./verb.ts";

export function declare(program: Command, doing: Doing): void {
  program
    .command("explain")
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
    )
    .action(doing(explain));
}

interface ExplainOptions extends GlobalOptions {
  readonly against?: string;
  readonly rev?: string;
  readonly offline?: boolean;
}

async function explain(world: World, options: ExplainOptions, name: string): Promise<void> {
  const session = await openSession(world, options);
  const explanation = await explainImage(name, options, session);
  const text = printExplanation(explanation, world.screen);
  printResult(world, options, explanation, text);
}

async function explainImage(
  name: string,
  options: ExplainOptions,
  session: Session,
): Promise<Explanation> {
  const { project, situation } = session;
  const { git, config, images } = project;
  known(images, [name]);
  const image = await keyIn(project, name);
  if (image === undefined) throw new TypeError(`no key for ${name}`);
  const stateAt = statesOf(session, options);
  const head = await commitOf(git, options.rev ?? "HEAD");
  const isDirty = async (): Promise<boolean> =>
    head !== undefined &&
    options.rev === undefined &&
    (await ifPossible(stateAt(head).then((state) => keyIn(state, name))))?.key !== image.key;
  const sources = options.offline === true ? [] : sourcesOf(situation, config);
  const { reference, reachable } = await lookAround(image, sources, session);
  const against =
    options.against === undefined
      ? await usual(name, { reachable, head, isDirty }, session)
      : await named(options.against, name, sources, session);
  return answer({
    name,
    now: project,
    key: image.key,
    label: options.rev === undefined ? workingTree : `revision ${options.rev}`,
    head,
    stateAt,
    against: against ?? null,
    git,
    reference: reference ?? null,
    looked: reachable.map(({ base }) => printRepository(base)),
  });
}

/** Looks where `plan` looks; a registry that is away or refuses is no reason not to explain the key. */
async function lookAround(
  image: KeyedImage,
  sources: readonly Source[],
  { login: { registry }, world: { clock, log } }: Session,
) {
  const now = clock.now();
  const reachable: Source[] = [];
  let reference: string | undefined;
  for (const source of sources) {
    announceReads([image], [source], registry);
    const seen = await observe([image], [source], registry, { now }).catch(
      expected(({ message, code }) => {
        log.warn(`${message} [${code}]; it is left out`);
        return undefined;
      }),
    );
    for (const warning of seen?.warnings ?? []) log.warn(warning);
    if (seen === undefined || seen.looked.length === 0) continue;
    reachable.push(source);
    const found = foundOf(seen, image.name);
    reference ??= found && printReference(found.reference);
  }
  return { reference, reachable };
}

interface Known {
  /** The registry bases that have answered. */
  readonly reachable: readonly Source[];
  readonly head: string | undefined;
  /** Whether the working tree's key is another than its commit's. */
  readonly isDirty: () => Promise<boolean>;
}

/** The promoted image, and without one the history. */
async function usual(
  name: string,
  { reachable, head, isDirty }: Known,
  session: Session,
): Promise<Against | undefined> {
  const tag = await promotedTag(session);
  const promoted = tag === undefined ? undefined : await tagged(tag, name, reachable, session);
  if (promoted !== undefined && isTelling(promoted)) return promoted;
  if (head === undefined) return undefined;
  const { situation, project } = session;
  return startAgainst(head, await isDirty(), situation.defaultBranch, project.git);
}

/** Whether an image says enough to be compared; one that berth did not build may not. */
function isTelling({ key, revision }: Against): boolean {
  return key !== null || revision !== null;
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
  const reference = fullReference(against);
  const found =
    reference === undefined
      ? await tagged(against, name, sources, session)
      : await imageAgainst(reference, against, login.registry);
  if (found !== undefined) return found;
  const where = sources.length === 0 ? "; no registry was asked" : "";
  throw usageError(
    `compare ${name} with ${against}: neither a revision nor an image is called that${where}`,
    "give a revision of this clone (git fetch may help), a tag of the image, `upstream`, or host/path:tag",
  );
}

/** `host/path:tag`; the host must be written, for `origin/master` is a branch. */
function fullReference(text: string): Reference | undefined {
  return beginsWithHost(text) ? parseReference(text) : undefined;
}

async function tagged(
  tag: string,
  name: string,
  sources: readonly Source[],
  session: Session,
): Promise<Against | undefined> {
  if (!isTag(tag)) return undefined;
  for (const source of sources) {
    const found = await imageIn(source, tag, name, session);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function inUpstream(
  name: string,
  sources: readonly Source[],
  session: Session,
): Promise<Against> {
  const upstream = sources.find(({ kind }) => kind === "upstream");
  if (upstream === undefined)
    throw usageError(
      `compare ${name} with upstream: no upstream is known`,
      `set \`upstream\` in the configuration or ${session.project.config.prefix}_UPSTREAM, and do not give --offline`,
    );
  const tag = (await promotedTag(session)) ?? "latest";
  const found = await imageIn(upstream, tag, name, session);
  if (found !== undefined) return { ...found, label: `upstream's ${tag}` };
  throw usageError(
    `compare ${name} with upstream: it has no ${name}:${tag}`,
    "give another tag or a revision with --against",
  );
}

function imageIn(source: Source, tag: string, name: string, { login }: Session) {
  return imageAgainst(withTag(source.repositoryOf(name), tag), tag, login.registry);
}
