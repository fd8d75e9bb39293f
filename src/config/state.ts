/** What a tree holds: the images that it declares, and their keys when they are asked for. */
import type { Tree } from "../context/tree.ts";
import type { Spool } from "../image/contexts.ts";
import { type Identified, identify } from "../image/identify.ts";
import type { Image } from "../image/image.ts";
import type { Config } from "./config.ts";
import { type DeclareOptions, declareImages } from "./discover.ts";

export interface State {
  readonly images: readonly Image[];
  /** Keys of the images named and of all that they are built from; of all images where none is named. */
  identify(names?: readonly string[], spool?: Spool): Promise<Identified>;
}

/** Finds the images of a tree; their files are read when a key is asked for. */
export async function stateOf(
  tree: Tree,
  config: Config,
  options?: DeclareOptions,
): Promise<State> {
  const { images, warnings } = await declareImages(config, tree, options);
  const parentOf = parentName(config, images);
  const identifyNamed: State["identify"] = async (names = [], spool) => {
    const wanted = names.length === 0 ? undefined : names;
    const { registry } = config;
    const identified = await identify(images, tree, { parentOf, names: wanted, registry, spool });
    return { ...identified, warnings: [...warnings, ...identified.warnings] };
  };
  return { images, identify: identifyNamed };
}

/**
 * Makes the question "does this reference name an image of the set, and which?".
 *
 * A reference matches `parents` as it is spelt, with or without a tag: with `qemu/{name}`, `qemu/debian`
 * and `qemu/debian:latest` do; `docker.io/qemu/debian`, one with a digest, and one that names no
 * declared image do not. Without `parents` nothing matches.
 */
export function parentName(
  config: Pick<Config, "parents">,
  images: readonly { readonly name: string }[],
): (reference: string) => string | undefined {
  const { parents } = config;
  if (parents === undefined) return () => undefined;
  const names = new Set(images.map(({ name }) => name));
  const [before = "", after = ""] = parents.split("{name}");
  return (reference) => {
    if (!reference.startsWith(before)) return undefined;
    const spelt = reference.slice(before.length);
    return [spelt, spelt.replace(tag, "")]
      .filter((text) => text.endsWith(after))
      .map((text) => text.slice(0, text.length - after.length))
      .find((name) => names.has(name));
  };
}

const tag = /:[A-Za-z0-9_][A-Za-z0-9._-]*$/;
