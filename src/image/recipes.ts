/** Reads the Dockerfiles of images and what they mean; only of those that are wanted, and their parents. */
import type { Tree } from "../context/tree.ts";
import { type Recipe, resolveRecipe } from "../dockerfile/recipe.ts";
import { BerthError } from "../errors.ts";
import type { Image } from "./image.ts";

/** An image with its Dockerfile read. */
export interface ReadImage {
  readonly name: string;
  readonly declared: Image;
  readonly text: string;
  readonly recipe: Recipe;
  /** Its base, declared or an image of the set, leaves triggers that may use any file and any arg. */
  readonly onbuild: boolean;
  /** Names of the images of the set that it is built from. */
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

/** Reads the wanted images and all that they are built from; in the order of `images`. */
export async function readImages(
  images: readonly Image[],
  tree: Tree,
  options: ReadOptions,
): Promise<readonly ReadImage[]> {
  const byName = new Map(images.map((image) => [image.name, image]));
  const read = new Map<string, ReadImage>();
  const failures: BerthError[] = [];
  let wanted = options.names ?? images.map(({ name }) => name);
  while (wanted.length > 0) {
    const next = wanted.flatMap((name) => byName.get(name) ?? []);
    const results = await Promise.all(
      next.map((image) => readOne(image, tree, options).catch(asFailure)),
    );
    for (const result of results) {
      if (result instanceof BerthError) failures.push(result);
      else read.set(result.name, result);
    }
    const parents = results.flatMap((result) =>
      result instanceof BerthError ? [] : result.parents,
    );
    const failed = new Set(next.map(({ name }) => name));
    wanted = [...new Set(parents)].filter((name) => !read.has(name) && !failed.has(name));
  }
  if (failures.length > 0) throw joinFailures(failures);
  return images
    .flatMap(({ name }) => read.get(name) ?? [])
    .map((image) => (inheritsTriggers(image, read) ? recipeOf(image, options, true) : image));
}

function inheritsTriggers(
  { recipe, onbuild }: ReadImage,
  read: ReadonlyMap<string, ReadImage>,
): boolean {
  const froms = recipe.uses.filter(({ kind }) => kind === "from");
  return !onbuild && froms.some(({ parent = "" }) => read.get(parent)?.recipe.onbuild === true);
}

function asFailure(error: unknown): BerthError {
  if (error instanceof BerthError) return error;
  throw error;
}

async function readOne(image: Image, tree: Tree, options: ReadOptions): Promise<ReadImage> {
  const bytes = await tree.read(image.dockerfile);
  if (bytes === undefined) {
    throw new BerthError(
      "CONFIG_INVALID",
      `read the Dockerfile of ${image.name}: ${image.dockerfile} is not in ${tree.label}`,
    );
  }
  const text = decode(bytes, image.dockerfile);
  return recipeOf({ name: image.name, declared: image, text }, options, image.onbuild);
}

function recipeOf(
  { name, declared, text }: Pick<ReadImage, "name" | "declared" | "text">,
  { parentOf }: ReadOptions,
  onbuild: boolean,
): ReadImage {
  const { dockerfile: file, args, target, platform, allowAdd } = declared;
  const recipe = resolveRecipe(text, {
    file,
    args,
    target,
    platform,
    onbuild,
    parentOf,
    allowAdd,
  });
  return { name, declared, text, recipe, onbuild, parents: recipe.parents };
}

/** Ten thousand lines, and strangers' files are read too. */
const mostBytes = 1024 * 1024;

function decode(bytes: Uint8Array, file: string): string {
  if (bytes.length > mostBytes)
    throw new BerthError("DOCKERFILE_INVALID", `read ${file}: it has more than 1 MiB`, {
      hint: "copy long texts into the image from files of their own",
    });
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const message = "it is not UTF-8 text";
    throw new BerthError("DOCKERFILE_INVALID", `read ${file}: ${message}`, {
      problems: [{ file, line: 1, column: 1, message }],
    });
  }
}

/** One error for the mistakes of several images; the first code and hint stand for all. */
export function joinFailures(failures: readonly BerthError[]): BerthError {
  const [first] = failures;
  if (first === undefined) throw new TypeError("no failure to join");
  if (failures.length === 1) return first;
  const problems = failures.flatMap((failure) => failure.problems);
  return new BerthError(first.code, `read the images: ${failures.length} cannot be keyed`, {
    problems,
    ...(first.hint === undefined ? {} : { hint: first.hint }),
  });
}
