/** Finds the configuration of a project; YAML and its schema are loaded only where there is one. */

import { isUtf8 } from "node:buffer";
import type { Tree } from "../context/tree.ts";
import { BerthError } from "../errors.ts";
import type { Files } from "../world.ts";
import { type Config, defaultConfig } from "./config.ts";
import type { Given } from "./given.ts";

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
 * unless one was named: that applies to any revision.
 */
export async function loadConfig(
  tree: Pick<Tree, "read" | "label">,
  named?: NamedConfig,
  given: Given = {},
): Promise<Config> {
  if (named !== undefined) {
    const bytes = await named.files.read(named.path);
    if (bytes === undefined) {
      throw new BerthError("CONFIG_INVALID", `read configuration ${named.label}: no such file`);
    }
    return parse(bytes, named.label, given);
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
  if (first?.bytes !== undefined) return parse(first.bytes, first.name, given);
  if (Object.keys(given).length === 0) return defaultConfig;
  const { configOf } = await import("./parse.ts");
  return configOf(given);
}

/** Hundreds of images; the library compares each key with all before it. */
const mostBytes = 64 * 1024;

async function parse(bytes: Uint8Array, file: string, given: Given): Promise<Config> {
  if (bytes.length > mostBytes) {
    throw new BerthError("CONFIG_INVALID", `read configuration ${file}: it has more than 64 KiB`, {
      hint: "let berth find the images by their Dockerfiles, as `berth help configuration` shows",
    });
  }
  if (!isUtf8(bytes)) {
    throw new BerthError("CONFIG_INVALID", `read configuration ${file}: it is not UTF-8 text`);
  }
  const { parseConfig } = await import("./parse.ts");
  return parseConfig(new TextDecoder().decode(bytes), file, given);
}
