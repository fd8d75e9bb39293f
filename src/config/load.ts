/** A project's configuration, of which YAML and schema are loaded only where it has a file; and what a tree holds by it: images, and their keys. */
import { isUtf8 } from "node:buffer";
import type { Tree } from "../context/tree.ts";
import { BerthError, byPlace, expected } from "../errors.ts";
import type { Spool } from "../image/contexts.ts";
import { type Identified, identify } from "../image/identify.ts";
import type { Image } from "../image/image.ts";
import type { Files } from "../world.ts";
import { type Config, defaultConfig, type Given } from "./config.ts";
import { type DeclareOptions, declareImages } from "./discover.ts";

/** The name at the repository's top; the second spelling is understood too. */
export const fileNames = ["berth.yml", "berth.yaml"] as const;

/** A configuration that the user named; it may lie outside the repository. */
export interface NamedConfig {
  readonly files: Pick<Files, "read">;
  /** Absolute. */
  readonly path: string;
  /** As the user wrote it, for messages. */
  readonly label: string;
}

/**
 * Reads the configuration that the user named, else the one at the top of the tree.
 *
 * `defaultConfig` where the tree has none and nothing is given. A revision is read with the configuration that it holds,
 * unless one was named: that applies to any revision. Of one with mistakes, what its images name and `declared` lacks
 * is told too.
 */
export async function loadConfig(
  tree: Pick<Tree, "read" | "label">,
  named?: NamedConfig,
  given: Given = {},
  declared?: Tree,
): Promise<Config> {
  const parse = (bytes: Uint8Array, file: string) => parseAll(bytes, file, given, declared);
  if (named !== undefined) {
    const bytes = await named.files.read(named.path);
    if (bytes === undefined) {
      throw new BerthError("CONFIG_INVALID", `read configuration ${named.label}: no such file`);
    }
    return parse(bytes, named.label);
  }
  const found = await Promise.all(
    fileNames.map(async (name) => ({ name, bytes: await tree.read(name) })),
  );
  const [first, second] = found.filter(({ bytes }) => bytes !== undefined);
  if (second !== undefined) {
    throw new BerthError(
      "CONFIG_INVALID",
      `read configuration of ${tree.label}: there is both ${fileNames.join(" and ")}`,
      { hint: "keep one of them" },
    );
  }
  if (first?.bytes !== undefined) return parse(first.bytes, first.name);
  if (Object.keys(given).length === 0) return defaultConfig;
  const { configOf } = await import("./parse.ts");
  return configOf(given);
}

/** Hundreds of images; the library compares each key with all before it. */
const mostBytes = 64 * 1024;

async function parseAll(
  bytes: Uint8Array,
  file: string,
  given: Given,
  declared: Tree | undefined,
): Promise<Config> {
  const text = textOf(bytes, file);
  const { invalid, readConfig } = await import("./parse.ts");
  const read = readConfig(text, file, given);
  if (!("problems" in read)) return read;
  const { problems, rest } = read;
  const found = rest && declared && declareImages(rest, declared);
  const more = await found?.then(
    () => [],
    expected((error) => error.problems),
  );
  throw invalid(file, [...problems, ...(more ?? [])].sort(byPlace));
}

function textOf(bytes: Uint8Array, file: string): string {
  if (bytes.length > mostBytes) {
    throw new BerthError("CONFIG_INVALID", `read configuration ${file}: it has more than 64 KiB`, {
      hint: "let berth find the images by their Dockerfiles, as `berth help configuration` shows",
    });
  }
  if (!isUtf8(bytes)) {
    throw new BerthError("CONFIG_INVALID", `read configuration ${file}: it is not UTF-8 text`);
  }
  return new TextDecoder().decode(bytes);
}

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
