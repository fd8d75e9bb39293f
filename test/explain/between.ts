/** Two states of a project in memory, and what differs between them. */
import type { Difference } from "../../src/explain/difference.ts";
import { explain } from "../../src/explain/explain.ts";
import type { Explained } from "../../src/explain/explained.ts";
import { explainedIn, type State } from "../../src/explain/state.ts";
import { identify } from "../../src/image/identify.ts";
import type { Image } from "../../src/image/image.ts";
import { declaredImage } from "../support/keyed.ts";
import { type MemoryFile, memoryTree } from "../support/tree.ts";

/** What a project holds, and how its image `x` is declared; every other `NAME.docker` is an image too. */
export interface Project {
  readonly files: Readonly<Record<string, MemoryFile>>;
  readonly image?: Partial<Image>;
}

export function stateIn({ files, image = {} }: Project): State {
  const tree = memoryTree(files);
  const images = Object.keys(files)
    .filter((path) => /^[^/]+\.docker$/.test(path))
    .map((path) => path.replace(".docker", ""))
    .map((name) => declaredImage(name, name === "x" ? image : {}));
  const names = new Set(images.map(({ name }) => name));
  const parentOf = (reference: string): string | undefined => {
    const name = /^ci\/([a-z0-9-]+)$/.exec(reference)?.[1];
    return name !== undefined && names.has(name) ? name : undefined;
  };
  return {
    images,
    identify: (wanted, spool) =>
      identify(images, tree, {
        parentOf,
        names: wanted,
        ...(spool === undefined ? {} : { spool }),
      }),
  };
}

export async function explained(project: Project): Promise<Explained> {
  const found = (await explainedIn(stateIn(project), ["x"])).get("x");
  if (found === undefined) throw new TypeError("no image x");
  return found;
}

export async function between(old: Project, now: Project): Promise<readonly Difference[]> {
  return explain(await explained(old), await explained(now));
}
