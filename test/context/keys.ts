/** The keys of a project as its own configuration says, or without one. */
import { declareImages } from "../../src/config/discover.ts";
import { loadConfig } from "../../src/config/load.ts";
import { parentName } from "../../src/config/state.ts";
import type { Tree } from "../../src/context/tree.ts";
import { type Identified, identify } from "../../src/image/identify.ts";

export async function keysOf(tree: Tree): Promise<Identified> {
  const config = await loadConfig(tree);
  const declared = await declareImages(config, tree);
  return identify(declared, tree, { parentOf: parentName(config, declared) });
}
