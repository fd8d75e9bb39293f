/** A project as a command sees it: its repository, files, configuration and images. */
import { resolve } from "node:path";
import { type Config, givenSettings } from "../config/config.ts";
import { loadConfig, type NamedConfig, type State, stateOf } from "../config/load.ts";
import { listArgs } from "../context/listing.ts";
import type { Tree } from "../context/tree.ts";
import { workTree } from "../context/worktree.ts";
import { BerthError } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import type { Clock, Git, Log, World } from "../world.ts";
import type { GlobalOptions } from "./verb.ts";

export interface ProjectOptions extends Pick<GlobalOptions, "config"> {
  readonly rev?: string;
}

/** Keys of images that it does not have are asked for as IMAGE_UNKNOWN. */
export interface Project extends State {
  readonly git: Git;
  readonly tree: Tree;
  readonly config: Config;
}

/** Opens the repository around the current folder, at its working tree or a revision. */
export async function openProject(world: World, options: ProjectOptions): Promise<Project> {
  const first = options.rev === undefined ? { first: listArgs } : {};
  const git = await world.openGit(world.cwd, first);
  const tree = withSigns(await treeAt(options.rev, git, world), world);
  const named = namedConfig(world, options);
  const foreign = options.rev !== undefined && named !== undefined;
  const declared = foreign ? undefined : tree;
  const config = await loadConfig(tree, named, givenSettings(world.env), declared);
  const found = await stateOf(tree, config, { missing: foreign ? "skip" : "error" });
  const { images } = found;
  const identify: State["identify"] = (names = [], spool) =>
    found.identify(known(images, names), spool);
  return { git, tree, config, images, identify };
}

/** The files of the working tree, or of a revision, which few ask for. */
async function treeAt(rev: string | undefined, git: Git, { files }: World): Promise<Tree> {
  if (rev === undefined) return workTree(git, files);
  await collectSoon();
  const { revisionTrees } = await import("../context/revision.ts");
  return revisionTrees(git)(rev);
}

/**
 * Of very long lists what is short-lived is collected in small steps, where V8 would rather let the heap grow: half the
 * memory for a hundred thousand tags or files, at no cost that could be measured.
 */
export async function collectSoon(): Promise<void> {
  const { setFlagsFromString } = await import("node:v8");
  setFlagsFromString("--semi-space-growth-factor=1");
}

/** A large context is long in reading. */
function withSigns(tree: Tree, world: World): Tree {
  const step = signOfLife(world, (count) => `${count} files of ${tree.label} read so far`);
  return {
    ...tree,
    readMany(paths) {
      step(paths.length);
      return tree.readMany(paths);
    },
  };
}

/** The configuration that `--config` names, instead of the project's own. */
export function namedConfig(
  { files, cwd }: World,
  { config }: GlobalOptions,
): NamedConfig | undefined {
  return config === undefined ? undefined : { files, path: resolve(cwd, config), label: config };
}

/** Refuses names that no image has, all at once; `where` says who names them. */
export function known(
  images: readonly { readonly name: string }[],
  names: readonly string[],
  where = "",
): readonly string[] {
  const unknown = names.filter((name) => !images.some((image) => image.name === name));
  if (unknown.length === 0) return names;
  const all = images.map(({ name }) => name);
  const meant = unknown.length === 1 ? didYouMean(unknown[0]!, all) : "";
  const what = `find ${unknown.join(", ")}${where}: no such image${meant}`;
  throw new BerthError("IMAGE_UNKNOWN", what, { hint: `the images are: ${all.join(", ")}` });
}

/** The images named, or all where none is. */
export function named<I extends { readonly name: string }>(
  images: readonly I[],
  names: readonly string[],
): readonly I[] {
  known(images, names);
  return names.length === 0 ? images : images.filter(({ name }) => names.includes(name));
}

/** How long nothing need be said, in milliseconds. */
const quiet = 5000;

/**
 * Counts what was done; after five seconds, and then every five, it says how far that is.
 *
 * `say` gives the line of so many.
 */
export function signOfLife(
  { clock, log }: { readonly clock: Pick<Clock, "now">; readonly log: Pick<Log, "info"> },
  say: (count: number) => string,
): (more?: number) => void {
  let count = 0;
  let told = clock.now().getTime();
  return (more = 1) => {
    count += more;
    const now = clock.now().getTime();
    if (now - told < quiet) return;
    told = now;
    log.info(say(count));
  };
}
