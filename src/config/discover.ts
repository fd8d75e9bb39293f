/** The images of a project: what the configuration declares, with the files that a tree holds. */
import type { Tree } from "../context/tree.ts";
import { BerthError, byPlace, type Problem } from "../errors.ts";
import type { Image } from "../image/image.ts";
import { didYouMean } from "../nearest.ts";
import type { Config, Excluded } from "./config.ts";
import { type Candidate, lookUp } from "./find.ts";
import { compileGlob } from "./glob.ts";
import { nameAll, nameMistake, usualContext, variableOf } from "./names.ts";

export interface DeclareOptions {
  /**
   * What to do about a path or glob that names nothing: `skip` suits another revision than the one that
   * the configuration was written for, and then a tree may well have no image at all.
   */
  readonly missing?: "error" | "skip";
}

/** The images of a tree, sorted by name, and slips that keep none from being built. */
export interface ProjectImages {
  readonly images: readonly Image[];
  readonly warnings: readonly Problem[];
}

/**
 * Gives the images of a tree; no `images` setting means every Dockerfile that there is.
 *
 * CONFIG_INVALID carries all problems: paths and globs that name nothing, with the nearest file that
 * exists; names that are taken, reserved, or the same as a CI variable; no image at all.
 */
export async function declareImages(
  config: Config,
  tree: Tree,
  { missing = "error" }: DeclareOptions = {},
): Promise<ProjectImages> {
  const strict = missing === "error";
  const looked = await lookUp(config.images, tree);
  const absent = looked.filter((item): item is Problem => "message" in item);
  const candidates = looked.filter((item): item is Candidate => !("message" in item));
  const { images, unused, known } = settleCandidates(candidates, config.images.exclude);
  const faults = [
    ...(strict ? absent : []),
    ...nameFaults(images),
    ...(strict ? await contextFaults(images, tree) : []),
  ];
  if (faults.length > 0) throw imagesInvalid(config, tree, faults);
  if (images.length === 0 && strict) throw imagesMissing(config, tree);
  return {
    images: images.map(toImage).sort((a, b) => (a.name < b.name ? -1 : 1)),
    warnings: strict ? unused.flatMap((item) => uselessIn(item, known)) : [],
  };
}

function uselessIn({ glob, place }: Excluded, known: readonly string[]): readonly Problem[] {
  const meant = didYouMean(glob, known);
  const message = `exclude: no Dockerfile that is found without being named fits ${glob}${meant}`;
  return [{ ...place, message }];
}

function toImage({ name, dockerfile, options }: Named): Image {
  return { ...options, name, dockerfile, context: options.context ?? usualContext(dockerfile) };
}

interface Named extends Candidate {
  readonly name: string;
}

/** Sorts out what is excluded or there twice, and gives a name to all that have none. */
function settleCandidates(all: readonly Candidate[], exclude: readonly Excluded[]) {
  // Items with a slash are about paths, and count before names are given.
  const { path = [], name = [] } = Object.groupBy(exclude, ({ glob }) =>
    glob.includes("/") ? "path" : "name",
  );
  const byPath = leaveOut(all, path);
  const named = nameCandidates(withoutDoubles(byPath.left));
  const byName = leaveOut(named, name);
  return {
    images: byName.left,
    unused: [...byPath.unused, ...byName.unused],
    known: named.flatMap((one) => (one.found ? [one.name, one.dockerfile] : [])),
  };
}

function leaveOut<T extends Candidate>(all: readonly T[], exclude: readonly Excluded[]) {
  const found = all.filter((one) => one.found);
  const out = exclude.map(({ glob }) => {
    const matches = compileGlob(glob);
    return new Set(
      found.filter(({ dockerfile, name = "" }) => matches(dockerfile) || matches(name)),
    );
  });
  return {
    left: all.filter((one) => !out.some((some) => some.has(one))),
    unused: exclude.filter((_, index) => out[index]?.size === 0),
  };
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

function nameCandidates(all: readonly Candidate[]): readonly Named[] {
  const unnamed = all.filter(({ name }) => name === undefined);
  const names = nameAll(
    unnamed.map(({ dockerfile }) => dockerfile),
    all.flatMap(({ name }) => name ?? []),
  );
  return all.map((candidate) => ({
    ...candidate,
    name: candidate.name ?? names.get(candidate.dockerfile)!,
  }));
}

function nameFaults(images: readonly Named[]): readonly Problem[] {
  const groups = Map.groupBy(images, ({ name }) => variableOf(name));
  const clashes = [...groups.values()].flatMap(([first, ...others]) =>
    others.map((other) => ({ ...other.places.name, message: clashOf(first!, other) })),
  );
  const mistakes = images.flatMap((image) => {
    const mistake = nameMistake(image.name);
    const message = `image of ${image.dockerfile}: ${mistake}; give it another name`;
    return mistake === undefined ? [] : [{ ...image.places.name, message }];
  });
  return [...clashes, ...mistakes];
}

function clashOf(first: Named, other: Named): string {
  if (first.name === other.name) {
    const { file, line: at } = first.places.name;
    const line = file === first.dockerfile ? "" : ` (line ${at})`;
    return `image ${other.name}: both ${first.dockerfile}${line} and ${other.dockerfile} have this name; give one another name`;
  }
  return `images ${first.name} and ${other.name}: their CI variables would have the same name; give one another name`;
}

async function contextFaults(images: readonly Named[], tree: Tree): Promise<readonly Problem[]> {
  const checked = await Promise.all(
    images.map(async (image) => {
      const { context } = image.options;
      if (!context || (await tree.folder(context)).size > 0) return [];
      const kind = (await tree.entry(context))?.kind;
      const what =
        kind === undefined ? "there is no such folder" : `it is a ${kind}, not a folder,`;
      const message = `context ${context} of image ${image.name}: ${what} in ${tree.label}`;
      return [{ ...image.places.context, message }];
    }),
  );
  return checked.flat();
}

function imagesInvalid(config: Config, tree: Tree, faults: readonly Problem[]): BerthError {
  const problems = faults.toSorted(byPlace);
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return new BerthError("CONFIG_INVALID", `declare the images of ${tree.label}: ${count}`, {
    hint:
      config.file === undefined
        ? "name the images in berth.yml; `berth help configuration` says how"
        : "`berth help configuration` says how images are named and found",
    problems,
  });
}

function imagesMissing(config: Config, tree: Tree): BerthError {
  return new BerthError("CONFIG_INVALID", `declare the images of ${tree.label}: there is none`, {
    hint:
      config.file === undefined
        ? "add a Dockerfile, or name where they are under `images` in berth.yml; `berth init` drafts what ci-templates build without any"
        : `name the Dockerfiles under \`images\` in ${config.file}, and see that \`exclude\` leaves some`,
  });
}
