/** Reads the Dockerfiles of images and what they mean; only of those that are wanted, and their parents. */
import { isUtf8 } from "node:buffer";
import pLimit from "p-limit";
import type { Tree } from "../context/tree.ts";
import { machine, type ParentOf, type Recipe, resolveRecipe } from "../dockerfile/recipe.ts";
import { BerthError, type Problem, printProblem } from "../errors.ts";
import { buildsOf, type Image, isIndex, isMember, memberName, platformsOf } from "./image.ts";

/** An image of one platform, or a member of one of several, with its Dockerfile read. */
export interface ReadImage {
  readonly name: string;
  readonly declared: Image;
  readonly text: string;
  readonly recipe: Recipe;
  /** Its base, declared or an image of the set, leaves triggers that may use any file and any arg. */
  readonly onbuild: boolean;
  /** Names of the images and members of the set that it is built from. */
  readonly parents: readonly string[];
}

export interface ReadOptions {
  /** The set's image that a FROM or COPY --from text names. */
  readonly parentOf: (reference: string) => string | undefined;
  /** Only these images and those that they are built from; all where `undefined`. */
  readonly names?: readonly string[] | undefined;
  /** The registry base that the project says is its own. */
  readonly registry?: string | undefined;
}

/** Reads what is built of the wanted images, and all that these are built from; in the order of `images`. */
export async function readImages(
  images: readonly Image[],
  tree: Tree,
  options: ReadOptions,
): Promise<readonly ReadImage[]> {
  const builds = images.flatMap(buildsOf);
  const byName = new Map([...images, ...builds].map((image) => [image.name, image]));
  const set = { byName, parentOf: options.parentOf, oneByOne: pLimit(1) };
  const read = new Map<string, ReadImage>();
  const failures: BerthError[] = [];
  const tried = new Set<string>();
  const untried = (names: readonly string[]): readonly string[] => {
    const wanted = names.flatMap((name) => byName.get(name) ?? []).flatMap(buildsOf);
    return [...new Set(wanted.map(({ name }) => name))].filter((name) => !tried.has(name));
  };
  let wanted = untried(options.names ?? images.map(({ name }) => name));
  while (wanted.length > 0) {
    for (const name of wanted) tried.add(name);
    const next = wanted.flatMap((name) => byName.get(name) ?? []);
    const results = await Promise.all(
      next.map((image) => readOne(image, tree, set).catch(asFailure)),
    );
    for (const result of results) {
      if (result instanceof BerthError) failures.push(result);
      else read.set(result.name, result);
    }
    const parents = results.flatMap((result) =>
      result instanceof BerthError ? [] : result.parents,
    );
    wanted = untried(parents);
  }
  if (failures.length > 0) throw joinFailures(failures);
  return builds
    .flatMap(({ name }) => read.get(name) ?? [])
    .map((image) => (inheritsTriggers(image, set, read) ? recipeOf(image, set, true) : image));
}

/** What there is to be built from. */
interface ImageSet extends Pick<ReadOptions, "parentOf"> {
  /** Images and members. */
  readonly byName: ReadonlyMap<string, Image>;
  readonly oneByOne: <T>(work: () => Promise<T>) => Promise<T>;
}

function inheritsTriggers(
  { recipe, onbuild }: ReadImage,
  { byName }: ImageSet,
  read: ReadonlyMap<string, ReadImage>,
): boolean {
  const froms = recipe.uses.filter(({ kind }) => kind === "from");
  const parents = froms.flatMap(({ parent = "" }) => byName.get(parent) ?? []).flatMap(buildsOf);
  return !onbuild && parents.some(({ name }) => read.get(name)?.recipe.onbuild === true);
}

/** An error that says where files of the project are wrong, to be told with those of other images; others are thrown at once. */
export function asFailure(error: unknown): BerthError {
  if (error instanceof BerthError && error.problems.length > 0) return error;
  throw error;
}

async function readOne(image: Image, tree: Tree, set: ImageSet): Promise<ReadImage> {
  const bytes = await tree.read(image.dockerfile);
  if (bytes === undefined) {
    throw new BerthError(
      "CONFIG_INVALID",
      `read the Dockerfile of ${image.name}: ${image.dockerfile} is not in ${tree.label}`,
    );
  }
  const text = decode(bytes, image.dockerfile);
  return set.oneByOne(async () => {
    // Between two of them the event loop has its turn, so that a request under way, for a token say, goes on.
    await new Promise(setImmediate);
    return recipeOf({ name: image.name, declared: image, text }, set, image.onbuild);
  });
}

function recipeOf(
  { name, declared, text }: Pick<ReadImage, "name" | "declared" | "text">,
  set: ImageSet,
  onbuild: boolean,
): ReadImage {
  const { dockerfile: file, args, target, platform, allowAdd } = declared;
  const recipe = resolveRecipe(text, {
    file,
    args,
    target,
    platform,
    onbuild,
    several: isMember(name),
    parentOf: parentFor(declared, set),
    allowAdd,
  });
  return { name, declared, text, recipe, onbuild, parents: recipe.parents };
}

/**
 * Which image of the set a reference names for a build; of one with several platforms the member for the platform,
 * and all of it where the machine's platform is asked for, which a key does not depend on.
 */
function parentFor({ name, platform: own }: Image, { byName, parentOf }: ImageSet): ParentOf {
  return (reference, { platform = own, mistake }) => {
    const parent = byName.get(parentOf(reference) ?? "");
    const isAnyOf = parent === undefined || platform === machine;
    if (isAnyOf || (!isIndex(parent) && !isMember(name))) return parent?.name;
    const platforms = platformsOf(parent);
    if (!platforms.includes(platform))
      mistake(
        `${parent.name} is not built for ${platform}: its platforms are ${platforms.join(", ")}`,
      );
    return isIndex(parent) ? memberName(parent.name, platform) : parent.name;
  };
}

/** Ten thousand lines, and strangers' files are read too. */
const mostBytes = 1024 * 1024;

function decode(bytes: Buffer, file: string): string {
  const isLong = bytes.length > mostBytes;
  if (!isLong && isUtf8(bytes)) return bytes.toString();
  const message = isLong ? "it has more than 1 MiB" : "it is not UTF-8 text";
  throw new BerthError("DOCKERFILE_INVALID", `read ${file}: ${message}`, {
    problems: [{ file, line: 1, column: 1, message }],
    ...(isLong ? { hint: "copy long texts into the image from files of their own" } : {}),
  });
}

/** One error for the mistakes of several images; the first code and hint stand for all. */
export function joinFailures(failures: readonly BerthError[]): BerthError {
  const [first] = failures;
  if (first === undefined) throw new TypeError("no failure to join");
  if (failures.length === 1) return first;
  const problems = eachOnce(failures.flatMap((failure) => failure.problems));
  return new BerthError(first.code, `read the images: ${failures.length} cannot be keyed`, {
    problems,
    ...(first.hint === undefined ? {} : { hint: first.hint }),
  });
}

/** What members of one image have in common is told once. */
export function eachOnce(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [printProblem(problem), problem])).values()];
}
