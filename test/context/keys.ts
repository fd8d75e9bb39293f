/** The keys of a project as its own configuration says, or without one. */
import { loadConfig, stateOf } from "../../src/config/load.ts";
import type { Tree } from "../../src/context/tree.ts";
import type { Identified } from "../../src/image/identify.ts";

export async function keysOf(tree: Tree): Promise<Identified> {
  return (await stateOf(tree, await loadConfig(tree))).identify();
}
