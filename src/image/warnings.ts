/** What a person should know of images before any is built: slips that no engine, or only a late one, would tell. */
import type { Problem } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import { isForAnother, parsePlatform } from "../oci/platform.ts";
import { imageOf } from "./image.ts";
import type { ReadImage } from "./recipes.ts";

/** The warnings of images that are read together, for what one says of another counts too. */
export function warningsOf(
  read: readonly ReadImage[],
  registry: string | undefined,
): readonly Problem[] {
  return [
    ...unusedArgs(read),
    ...read.flatMap(notesOf),
    ...read.flatMap(askedInVain),
    ...read.flatMap((image) => strangers(image, read, registry)),
    ...read.flatMap(unknownStages),
    ...read.flatMap(otherPlatform),
  ];
}

function at(file: string, line: number, message: string): Problem {
  return { file, line, column: 1, message };
}

function notesOf({ declared: { dockerfile: file }, recipe }: ReadImage): readonly Problem[] {
  return recipe.notes.map(({ line, column, message }) => ({ file, line, column, message }));
}

/** An arg that no image declares is a slip; one that only some declare comes from settings for all. */
function unusedArgs(read: readonly ReadImage[]): readonly Problem[] {
  const used = new Set(
    read.flatMap(({ declared, recipe }) =>
      Object.keys(declared.args).filter((name) => !recipe.unusedArgs.includes(name)),
    ),
  );
  return read.flatMap(({ declared, recipe }) =>
    recipe.unusedArgs
      .filter((name) => !used.has(name))
      .map((name) => at(declared.dockerfile, 1, `no ARG declares the build arg ${name}`)),
  );
}

/** Mounts of a secret that the image is not given, and of an agent, which no image is given. */
function askedInVain({ declared, recipe }: ReadImage): readonly Problem[] {
  const given = declared.secrets.map(({ id }) => id);
  return recipe.asked.flatMap(({ kind, id, line }): readonly Problem[] => {
    if (kind === "ssh") {
      const advice = "fetch it with a secret, such as a deploy token";
      return [at(declared.dockerfile, line, `berth hands no ssh agent to a build; ${advice}`)];
    }
    if (id === undefined || given.includes(id)) return [];
    const message = `the secret ${id} is not given to this image${didYouMean(id, given)}; name it under \`secrets\` in berth.yml`;
    return [at(declared.dockerfile, line, message)];
  });
}

/** Images that a short name fetches from Docker Hub, or a tag from the own registry, although an image of the project has it. */
function strangers(
  { declared, recipe }: ReadImage,
  read: readonly ReadImage[],
  registry: string | undefined,
): readonly Problem[] {
  return recipe.uses.flatMap(({ reference, parent, line }): readonly Problem[] => {
    const [, folder = "", name = ""] = /^(.+)\/([^/:@]+)(?::[^/@]+)?$/.exec(reference) ?? [];
    const isShort = /^[a-z0-9_-]+(?:\/[a-z0-9_-]+)*$/.test(folder) && folder !== "library";
    const isOwn = registry !== undefined && `${folder}/`.startsWith(`${registry}/`);
    // What the image of that name is built from itself is somebody else's.
    const isItself = ({ recipe: { uses } }: ReadImage): boolean =>
      uses.some((use) => use.reference.replace(/[:@][^/]*$/, "") === `${folder}/${name}`);
    const isOurs = read.some((image) => imageOf(image.name) === name && !isItself(image));
    if (parent !== undefined || !isOurs || !(isShort || isOwn)) return [];
    const is = isOwn ? "is whatever has this tag in the registry" : "comes from docker.io";
    const instead = isOwn ? "" : `, or docker.io/${reference} here`;
    const message = `${reference} ${is}, though this project has an image ${name}: write \`parents: ${folder}/{name}\` in berth.yml to build on that${instead}`;
    return [at(declared.dockerfile, line, message)];
  });
}

/** What `--from=` names without being a stage: an image of Docker Hub, though a named context may have been meant. */
function unknownStages({ declared, recipe }: ReadImage): readonly Problem[] {
  return recipe.uses.flatMap(({ kind, reference, parent, line }) => {
    if (kind === "from" || parent !== undefined || !/^[a-z0-9_-]+$/.test(reference)) return [];
    const message = `there is no stage ${reference}, so docker.io/library/${reference} is fetched: write that if it is meant; named contexts are not supported`;
    return [at(declared.dockerfile, line, message)];
  });
}

/** A base of another platform than the image is made for: engines call the image by the latter, whatever is in it. */
function otherPlatform({ declared, recipe: { base } }: ReadImage): readonly Problem[] {
  if (base?.platform === undefined) return [];
  if (!isForAnother(parsePlatform(base.platform).architecture, declared.platform)) return [];
  const message = `the image is built upon ${base.platform} and will say that it is for ${declared.platform}: name its platform under \`platforms\` in berth.yml`;
  return [at(declared.dockerfile, base.line, message)];
}
