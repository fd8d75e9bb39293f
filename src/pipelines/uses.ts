/** How jobs name images of the set: by a variable for each, or by base, name and tag. */
import type { Config } from "../config/config.ts";
import { imageVariable, templateFolder } from "../plan/variables.ts";

/** What is known about the images that jobs may name. */
export interface Known {
  readonly prefix: string;
  readonly reference: Config["reference"];
  /** What stands between base and name; `undefined` where a name is not the last element. */
  readonly folder: string | undefined;
  readonly names: readonly string[];
  /** The variables that images give. */
  readonly variables: ReadonlySet<string>;
  /** Variables of this pipeline, as its jobs see them; what the files do not set comes from settings or a user. */
  readonly given: Readonly<Record<string, string | undefined>>;
}

export function knownImages(
  { prefix, reference, repository }: Pick<Config, "prefix" | "reference" | "repository">,
  images: readonly { readonly name: string }[],
  given: Known["given"],
): Known {
  const names = images.map(({ name }) => name);
  return {
    prefix,
    reference,
    folder: templateFolder(repository),
    names,
    variables: new Set(names.map((name) => imageVariable(prefix, name))),
    given,
  };
}

/** The image line that the component gives to jobs which name their image by IMAGE. */
export function ownUse(prefix: string): { readonly image: string } {
  return { image: `$${prefix}_CONTAINER_BASE/$IMAGE:$${prefix}_CONTAINER_TAG` };
}

/** The variables of single images that a text uses, whether or not such an image exists. */
export function usesVariable(text: string, prefix: string): readonly string[] {
  const uses = text.matchAll(
    new RegExp(`\\$(?:\\{(${prefix}_IMAGE_\\w+)\\}|(${prefix}_IMAGE_\\w+))`, "g"),
  );
  return [...uses].map(([, braced, bare]) => braced ?? bare ?? "");
}

export interface Patterns {
  /** An image line with the set's tag; groups `variable` or `literal` hold what names the image. */
  readonly setImage: RegExp;
  /** Somebody pushes images by hand. */
  readonly pushes: RegExp;
}

export function patternsOf({ prefix, folder }: Pick<Known, "prefix" | "folder">): Patterns {
  const variable = (name: string): string => `\\$(?:${name}\\b|\\{${name}\\})`;
  const tag = variable(`${prefix}_CONTAINER_TAG`);
  const own =
    folder === undefined ? "(?!)" : `${variable("CI_REGISTRY_IMAGE")}${escapeText(folder)}`;
  const base = `(?:${variable(`${prefix}_CONTAINER_BASE`)}|${own})`;
  const name =
    "(?:\\$(?:(?<variable>\\w+)|\\{(?<variable>\\w+)\\})|(?<literal>[a-z0-9][a-z0-9._-]*))";
  return {
    setImage: new RegExp(`^${base}/${name}:${tag}$`),
    pushes: /\b(?:docker|podman|buildah|skopeo|crane)\b[^\n]*\b(?:push|copy|cp)\b|\bkaniko\b/,
  };
}

/**
 * Whether the texts may name an image that does not exist; says yes too often, never too seldom.
 *
 * This costs a search through the texts, where `unknownImages` needs a YAML parser.
 */
export function mayNameUnknown(texts: readonly string[], known: Known): boolean {
  const all = texts.join("\n");
  if (usesVariable(all, known.prefix).some((name) => !known.variables.has(name))) return true;
  const byTag = new RegExp(
    `/(?:\\$\\{?(\\w+)\\}?|([\\w.-]+)):\\$\\{?${known.prefix}_CONTAINER_TAG`,
    "g",
  );
  const lines = [...all.matchAll(byTag)];
  if (lines.some(([, , literal]) => literal !== undefined && !known.names.includes(literal)))
    return true;
  const extendsUse = /(?<![\w.-])\.[a-z0-9][a-z0-9_-]*use(?:-[a-z]+)?\b(?![.\w])/.test(all);
  const variables = new Set([
    ...lines.flatMap(([, name]) => name ?? []),
    ...(extendsUse ? ["IMAGE"] : []),
  ]);
  return [...variables].some((name) =>
    [...all.matchAll(new RegExp(`(?<![$\\w])${name}["']?[ \\t]*:(.*)`, "g"))].some(
      ([, value = ""]) => !known.names.includes(value.trim().replace(/^(["'])(.*)\1$/, "$2")),
    ),
  );
}

function escapeText(text: string): string {
  return text.replace(/[.\\^$*+?()[\]|{}]/g, "\\$&");
}
