/** From declared images to keyed ones: reads Dockerfiles and contexts, needs no network and no engine. */
import pLimit from "p-limit";
import type { Tree } from "../context/tree.ts";
import type { Recipe } from "../dockerfile/recipe.ts";
import { BerthError, type Problem } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { type ImageContext, readContext, type Spool } from "./contexts.ts";
import { buildsOf, type Image, isIndex, isMember, parentsFirst } from "./image.ts";
import { type Key, type KeyedImage, type KeyInputs, keyOf, keyVersion } from "./key.ts";
import {
  asFailure,
  eachOnce,
  joinFailures,
  type ReadImage,
  type ReadOptions,
  readImages,
} from "./recipes.ts";
import { warningsOf } from "./warnings.ts";

/** What a build of an image needs beside its plan: its Dockerfile, and the bytes that were hashed. */
export interface Material {
  readonly recipe: Recipe;
  /** The canonical context, as the spool took it; `undefined` where it is empty or nothing was kept. */
  readonly contextTar: string | undefined;
}

export interface Identified {
  /** In the order of the declared images; each one of several platforms comes after its members. */
  readonly images: readonly KeyedImage[];
  readonly materials: ReadonlyMap<string, Material>;
  /** Files that the keys cover, and folders in which a file that is gone would have counted. */
  readonly covered: { readonly files: readonly string[]; readonly folders: readonly string[] };
  readonly warnings: readonly Problem[];
}

export interface IdentifyOptions extends ReadOptions {
  /** Keeps the bytes of contexts while they are hashed, so that a later build uses exactly these. */
  readonly spool?: Spool | undefined;
}

/** Contexts that are read side by side: enough to ask git once for all, few enough for their lists to fit. */
const maxContexts = 32;

/**
 * Gives every image its key.
 *
 * All mistakes of all images come as one error; cycles between images are an IMAGE_CYCLE.
 */
export async function identify(
  images: readonly Image[],
  tree: Tree,
  options: IdentifyOptions,
): Promise<Identified> {
  const read = await readImages(images, tree, options);
  const keyed = new Map<string, KeyedImage>();
  const contexts = new Map<string, ImageContext>();
  const limit = pLimit(maxContexts);
  const indexes = images.flatMap((image) => indexOver(image, read));
  const ordered = parentsFirst([...read, ...indexes], useOf);
  const results = await Promise.all(
    ordered.map(async (image) =>
      "index" in image
        ? undefined
        : limit(() => readContext(image, tree, options.spool).catch(asFailure)),
    ),
  );
  const failures = results.filter((result) => result instanceof BerthError);
  for (const [position, image] of ordered.entries()) {
    const context = results[position];
    if ("index" in image) keyed.set(image.name, keyIndex(image, keyed));
    else if (context !== undefined && !(context instanceof BerthError)) {
      contexts.set(image.name, context);
      keyed.set(image.name, keyImage(image, keyed, context.digest));
    }
  }
  if (failures.length > 0) throw joinFailures(failures);
  const materials = new Map(
    read.map(({ name, recipe }) => [name, { recipe, contextTar: contexts.get(name)?.tar }]),
  );
  const warnings = [...contexts.values()].flatMap((context) => context.warnings);
  const all = images.flatMap((image) => [...buildsOf(image), image]);
  return {
    images: [...new Set(all.flatMap(({ name }) => keyed.get(name) ?? []))],
    materials: new Map([...materials, ...indexes.flatMap(likeFirst(materials))]),
    covered: coveredBy(read, [...contexts.values()]),
    warnings: eachOnce([...warningsOf(read, options.registry), ...warnings]),
  };
}

/** An image of several platforms, which is made of its members and of nothing else. */
interface Index {
  readonly name: string;
  readonly index: Image;
  readonly parents: readonly string[];
}

function indexOver(index: Image, read: readonly ReadImage[]): readonly Index[] {
  const { name } = index;
  const parents = buildsOf(index).map((member) => member.name);
  const isRead = parents.every((member) => read.some((image) => image.name === member));
  return isIndex(index) && isRead ? [{ name, index, parents }] : [];
}

/** The key of an index is the hash of the keys of its members, by platform. */
function keyIndex({ index, parents }: Index, keyed: ReadonlyMap<string, KeyedImage>): KeyedImage {
  const members = parents.flatMap((name) => keyed.get(name) ?? []);
  const inputs: KeyInputs = {
    version: keyVersion,
    text: "",
    args: {},
    parents: Object.fromEntries(members.map(({ platform, key }) => [platform, key])),
    context: null,
    target: null,
    platform: index.platform,
    onbuild: false,
    secrets: [],
    format: "oci",
    epoch: null,
  };
  return { ...index, key: keyOf(inputs), inputs, parents };
}

/** Where an image names another of the set. */
function useOf(image: ReadImage | Index, wanted: string): Problem | undefined {
  if ("index" in image) return undefined;
  const { declared, recipe } = image;
  const use = recipe.uses.find(({ parent }) => parent === wanted);
  const file = declared.dockerfile;
  return use && { file, line: use.line, column: 1, message: `built from ${use.reference}` };
}

function keyImage(
  image: ReadImage,
  keyed: ReadonlyMap<string, KeyedImage>,
  context: Digest | null,
): KeyedImage {
  const { recipe, declared, parents, onbuild } = image;
  const parentKeys = recipe.uses.flatMap((use): [string, Key][] => {
    const { reference, parent, platform } = use;
    const found = keyed.get(parent ?? "");
    // One text may name the same image for another platform, or the machine's, and for the build's own.
    const isTwo = recipe.uses.some((one) => one.reference === reference && one.parent !== parent);
    const isOther = platform !== undefined && (isMember(image.name) || isTwo);
    const named = isOther ? `--platform=${platform} ${reference}` : reference;
    return found === undefined ? [] : [[named, found.key]];
  });
  const inputs: KeyInputs = {
    version: keyVersion,
    text: recipe.hashed,
    args: recipe.keyedArgs,
    parents: Object.fromEntries(parentKeys),
    context,
    target: recipe.target ?? null,
    platform: declared.platform,
    onbuild,
    secrets: declared.secrets.map(({ id }) => id).sort(),
    format: "oci",
    epoch: declared.epoch ?? null,
  };
  return { ...declared, key: keyOf(inputs), inputs, parents };
}

/** What is asked of an index, such as whether it leaves triggers, its members have in common. */
function likeFirst(materials: ReadonlyMap<string, Material>) {
  return ({ name, parents: [first = ""] }: Index): readonly (readonly [string, Material])[] => {
    const material = materials.get(first);
    return material === undefined ? [] : [[name, material]];
  };
}

function coveredBy(
  read: readonly ReadImage[],
  contexts: readonly ImageContext[],
): Identified["covered"] {
  const files = [
    ...read.map(({ declared }) => declared.dockerfile),
    ...contexts.flatMap((context) => context.files),
  ];
  return {
    files: [...new Set(files)],
    folders: [...new Set(contexts.flatMap((context) => context.folders))],
  };
}
