/** The images of a project: what the configuration declares, with the files that a tree holds. */
import type { Tree } from "../context/tree.ts";
import type { Image } from "../image/image.ts";
import { type Candidate, type Fault, lookUp, type Named, settleCandidates } from "./candidates.ts";
import type { Config } from "./config.ts";
import { contextFaults, imagesInvalid, imagesMissing, nameFaults } from "./faults.ts";
import { isPlain } from "./names.ts";

export interface DeclareOptions {
  /**
   * What to do about a path or glob that names nothing: `skip` suits another revision than the one that
   * the configuration was written for, and then a tree may well have no image at all.
   */
  readonly missing?: "error" | "skip";
}

/**
 * Gives the images of a tree, sorted by name; no `images` setting means every Dockerfile that there is.
 *
 * CONFIG_INVALID carries all problems: paths and globs that name nothing, with the nearest file that
 * exists; names that are taken, reserved, or the same as a CI variable; no image at all.
 */
export async function declareImages(
  config: Config,
  tree: Tree,
  { missing = "error" }: DeclareOptions = {},
): Promise<readonly Image[]> {
  const strict = missing === "error";
  const looked = await lookUp(config.images, tree);
  const absent = looked.filter((item): item is Fault => "message" in item);
  const images = settleCandidates(
    looked.filter((item): item is Candidate => !("message" in item)),
    config.images.exclude,
  );
  const faults = [
    ...(strict ? absent : []),
    ...nameFaults(images),
    ...(strict ? await contextFaults(images, tree) : []),
  ];
  if (faults.length > 0) throw imagesInvalid(config, tree, faults);
  if (images.length === 0 && strict) throw imagesMissing(config, tree);
  return images.map(toImage).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function toImage({ name, dockerfile, options }: Named): Image {
  const own = isPlain(dockerfile) ? dockerfile.replace(/\/?[^/]*$/, "") : "";
  return { ...options, name, dockerfile, context: options.context ?? own };
}
