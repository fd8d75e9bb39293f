/** The images of one state of the repository, ready to be compared. */
import type { Config } from "../config/config.ts";
import { declareImages } from "../config/discover.ts";
import { parentName } from "../config/parents.ts";
import type { Tree } from "../context/tree.ts";
import { BerthError } from "../errors.ts";
import type { Spool } from "../image/contexts.ts";
import { type Identified, identify } from "../image/identify.ts";
import type { Image } from "../image/image.ts";
import type { KeyedImage } from "../image/key.ts";
import type { Explained } from "./explained.ts";
import { listingSpool } from "./files.ts";

export interface State {
  readonly images: readonly Pick<Image, "name">[];
  /** Keys of the images named and of all that they are built from. */
  identify(names: readonly string[], spool?: Spool): Promise<Identified>;
}

/** Reads what a tree declares; `missing` as for `declareImages`. */
export async function stateOf(
  tree: Tree,
  config: Config,
  missing: "error" | "skip",
): Promise<State> {
  const images = await declareImages(config, tree, { missing });
  const parentOf = parentName(config, images);
  return {
    images,
    identify: (names, spool) =>
      identify(images, tree, { parentOf, names, ...(spool === undefined ? {} : { spool }) }),
  };
}

/** What was read of another state; `undefined` where its files have mistakes, which are no news of this one. */
export async function ifReadable<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof BerthError) return undefined;
    throw error;
  }
}

/** The key of an image in a state; `undefined` where it has no such image. */
export async function keyIn(state: State, name: string): Promise<KeyedImage | undefined> {
  if (!state.images.some((image) => image.name === name)) return undefined;
  const { images } = await state.identify([name]);
  return images.find((image) => image.name === name);
}

/** Images with all that `explain` compares, by name; reads their contexts and those of their parents. */
export async function explainedIn(
  state: State,
  names: readonly string[],
): Promise<ReadonlyMap<string, Explained>> {
  const present = names.filter((name) => state.images.some((image) => image.name === name));
  if (present.length === 0) return new Map();
  const { spool, filesOf } = listingSpool();
  const { images, materials } = await state.identify(present, spool);
  const explained = new Map<string, Explained>();
  const need = (name: string): readonly Explained[] => {
    const known = explained.get(name);
    if (known !== undefined) return [known];
    const image = images.find((one) => one.name === name);
    const material = materials.get(name);
    if (image === undefined || material === undefined) return [];
    const parents = image.parents.flatMap(need);
    const { text, recipe } = material;
    const made = { image, text, recipe, files: filesOf(name), parents };
    explained.set(name, made);
    return [made];
  };
  return new Map(present.flatMap((name) => need(name).map((one) => [name, one] as const)));
}
