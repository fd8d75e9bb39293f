/** Dockerfiles on their way to being images: looked for, sorted out, named. */
import type { Tree } from "../context/tree.ts";
import type { Config, ImageEntry, ImageOptions, ImagePlaces, Place } from "./config.ts";
import { findGlob, findUsual, nearestFile } from "./find.ts";
import { compileGlob } from "./glob.ts";
import { nameAll } from "./names.ts";

/** A Dockerfile that may become an image. */
export interface Candidate {
  /** Given by hand; made from the path where `undefined`. */
  readonly name: string | undefined;
  readonly dockerfile: string;
  readonly options: ImageOptions;
  /** By a glob or by its usual name, so `exclude` applies. */
  readonly found: boolean;
  readonly places: ImagePlaces | undefined;
}

export interface Named extends Candidate {
  readonly name: string;
}

/** Something wrong, where the configuration says it, or in a Dockerfile that was found without one. */
export interface Fault {
  readonly place: Place | undefined;
  readonly dockerfile: string;
  readonly message: string;
}

/** Gives what the tree has for each entry, and what it lacks. */
export async function lookUp(
  { entries, defaults }: Config["images"],
  tree: Tree,
): Promise<readonly (Candidate | Fault)[]> {
  if (entries === undefined) {
    return (await findUsual(tree)).map((path) => foundAt(path, defaults, undefined));
  }
  return (await Promise.all(entries.map((entry) => look(entry, defaults, tree)))).flat();
}

function foundAt(dockerfile: string, options: ImageOptions, place: Place | undefined): Candidate {
  const places = place && { name: place, dockerfile: place, context: place };
  return { name: undefined, dockerfile, options, found: true, places };
}

async function look(
  entry: ImageEntry,
  defaults: ImageOptions,
  tree: Tree,
): Promise<readonly (Candidate | Fault)[]> {
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

async function absence(tree: Tree, path: string, place: Place, what: string): Promise<Fault> {
  const near = await nearestFile(tree, path);
  const message = `${path}: ${what} in ${tree.label}${near === undefined ? "" : `; the nearest is ${near}`}`;
  return { place, dockerfile: path, message };
}

/** Sorts out what is excluded or there twice, and gives a name to all that have none. */
export function settleCandidates(
  all: readonly Candidate[],
  exclude: readonly string[],
): readonly Named[] {
  return nameCandidates(withoutDoubles(withoutPaths(all, exclude)), exclude);
}

/** Items of `exclude` with a slash are about paths, and count before names are given. */
function withoutPaths(all: readonly Candidate[], exclude: readonly string[]): Candidate[] {
  const globs = exclude.filter((item) => item.includes("/")).map(compileGlob);
  return all.filter(
    ({ found, dockerfile }) => !found || !globs.some((glob) => glob.test(dockerfile)),
  );
}

/** What a person wrote about a Dockerfile replaces what a glob found, and two globs find it once. */
function withoutDoubles(all: readonly Candidate[]): readonly Candidate[] {
  const written = new Set(all.filter(({ found }) => !found).map(({ dockerfile }) => dockerfile));
  const first = new Map(all.toReversed().map((candidate) => [candidate.dockerfile, candidate]));
  return all.filter(
    (candidate) =>
      !candidate.found ||
      (!written.has(candidate.dockerfile) && first.get(candidate.dockerfile) === candidate),
  );
}

function nameCandidates(all: readonly Candidate[], exclude: readonly string[]): readonly Named[] {
  const unnamed = all.filter(({ name }) => name === undefined);
  const names = nameAll(
    unnamed.map(({ dockerfile }) => dockerfile),
    all.flatMap(({ name }) => name ?? []),
  );
  const globs = exclude.filter((item) => !item.includes("/")).map(compileGlob);
  return all
    .map((candidate) => ({
      ...candidate,
      name: candidate.name ?? names.get(candidate.dockerfile)!,
    }))
    .filter(
      ({ found, name, dockerfile }) =>
        !found || !globs.some((glob) => glob.test(name) || glob.test(dockerfile)),
    );
}
