/** Dockerfiles of a tree: what it has for each entry of the configuration, or by the usual names. */
import { folderOf } from "../context/paths.ts";
import { entriesBelow, type Tree } from "../context/tree.ts";
import type { Problem } from "../errors.ts";
import { nearest } from "../nearest.ts";
import type { Config, ConfigPlace, ImageEntry, ImageOptions, ImagePlaces } from "./config.ts";
import { compileGlob, globFolder, globLastName } from "./glob.ts";

/** A Dockerfile that may become an image. */
export interface Candidate {
  /** Given by hand; made from the path where `undefined`. */
  readonly name: string | undefined;
  readonly dockerfile: string;
  readonly options: ImageOptions;
  /** By a glob or by its usual name, so `exclude` applies. */
  readonly found: boolean;
  readonly places: ImagePlaces;
}

/** Gives what the tree has for each entry, and what it lacks. */
export async function lookUp(
  { entries, defaults }: Config["images"],
  tree: Tree,
): Promise<readonly (Candidate | Problem)[]> {
  if (entries === undefined) {
    return (await findUsual(tree)).map((path) => foundAt(path, defaults));
  }
  return (await Promise.all(entries.map((entry) => look(entry, defaults, tree)))).flat();
}

function foundAt(
  dockerfile: string,
  options: ImageOptions,
  place: ConfigPlace = { file: dockerfile, line: 1, column: 1 },
): Candidate {
  const places = { name: place, dockerfile: place, context: place };
  return { name: undefined, dockerfile, options, found: true, places };
}

async function look(
  entry: ImageEntry,
  defaults: ImageOptions,
  tree: Tree,
): Promise<readonly (Candidate | Problem)[]> {
  if (entry.kind === "glob") {
    const paths = await findGlob(tree, entry.glob);
    if (paths.length > 0) return paths.map((path) => foundAt(path, defaults, entry.place));
    return [await absence(tree, entry.glob, entry.place, "matches no file")];
  }
  const { name, dockerfile, options, places } = entry;
  const kind = (await tree.entry(dockerfile))?.kind;
  if (kind === "file") return [{ name, dockerfile, options, found: false, places }];
  const what = kind === undefined ? "there is no such file" : `it is a ${kind}, not a file`;
  return [await absence(tree, dockerfile, places.dockerfile, what)];
}

async function absence(
  tree: Tree,
  path: string,
  place: ConfigPlace,
  what: string,
): Promise<Problem> {
  const near = await nearestFile(tree, path);
  const message = `${path}: ${what} in ${tree.label}${near === undefined ? "" : `; the nearest is ${near}`}`;
  return { ...place, message };
}

const usualNames = [
  "Dockerfile",
  "Dockerfile.*",
  "Dockerfile-*",
  "*.Dockerfile",
  "*.dockerfile",
  "*.docker",
  "Containerfile",
  "Containerfile.*",
  "Containerfile-*",
  "*.Containerfile",
  "*.containerfile",
];

/** `Dockerfile.in` and its like are made into Dockerfiles or talk about them, but are none. */
const otherKinds =
  /[.-](?:dockerignore|containerignore|in|j2|jinja2?|m4|erb|tmpl|tpl|template|mustache|md|rst|txt|orig|rej|bak)$/;

/** Paths of everything that is called like a Dockerfile; no symlinks, which would be found twice. */
export async function findUsual(tree: Tree): Promise<readonly string[]> {
  const paths = await tree.find(usualNames);
  return onlyFiles(
    tree,
    paths.filter((path) => !otherKinds.test(path)),
  );
}

/** Paths of the project's own files that a glob matches: what a submodule holds is another project's. */
export async function findGlob(tree: Tree, glob: string): Promise<readonly string[]> {
  const matches = compileGlob(glob);
  const paths = await tree.find([globLastName(glob)], globFolder(glob));
  return onlyFiles(
    tree,
    paths.filter((path) => matches(path)),
  );
}

async function onlyFiles(tree: Tree, paths: readonly string[]): Promise<readonly string[]> {
  const entries = await Promise.all(paths.map((path) => tree.entry(path)));
  return entries.filter((entry) => entry?.kind === "file").map((entry) => entry!.path);
}

/** The file that a path or glob was probably meant to name. */
async function nearestFile(tree: Tree, path: string): Promise<string | undefined> {
  const folder = folderOf(path);
  const beside = folder === "" ? [] : await entriesBelow(tree, folder);
  const files = beside.filter(({ kind }) => kind === "file").map((entry) => entry.path);
  const usual = await findUsual(tree);
  const inside = usual.find((known) => known.startsWith(`${path}/`));
  const moved = (await tree.find([globLastName(path)])).find((known) => known !== path);
  return inside ?? nearest(path, [...usual, ...files]) ?? moved;
}
