/** Two states of a project in memory, and what differs between them. */
import assert from "node:assert/strict";
import type { State } from "../../src/config/load.ts";
import type { KeyDifference } from "../../src/explain/difference.ts";
import { explain } from "../../src/explain/explain.ts";
import { type Explained, explainedIn } from "../../src/explain/state.ts";
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

const known = new WeakMap<Project, Promise<ReadonlyMap<string, Explained>>>();

export async function explained(project: Project): Promise<Explained> {
  const reading = known.get(project) ?? explainedIn(stateIn(project), ["x"]);
  known.set(project, reading);
  const found = (await reading).get("x");
  if (found === undefined) throw new TypeError("no image x");
  return found;
}

export async function between(old: Project, now: Project): Promise<readonly KeyDifference[]> {
  return explain(await explained(old), await explained(now));
}

/**
 * Holds what differs between two states against their files and keys: there is something exactly where the keys
 * differ, each line of a patch is that line of its file, and without what came and went both texts are the same.
 */
export async function assertTrue(old: Project, now: Project): Promise<void> {
  const sides = { old: await explained(old), new: await explained(now) };
  assertHolds(explain(sides.old, sides.new), sides, { old, new: now });
}

interface Sides<T> {
  readonly old: T;
  readonly new: T;
}

function assertHolds(
  found: readonly KeyDifference[],
  { old, new: now }: Sides<Explained>,
  projects: Sides<Project>,
): void {
  assert.equal(found.length === 0, old.image.key === now.image.key);
  const linesOf = ({ image }: Explained, { files }: Project) =>
    (files[image.dockerfile] as string).split("\n");
  const files = { old: linesOf(old, projects.old), new: linesOf(now, projects.new) };
  const [removed, added] = [new Set<number>(), new Set<number>()];
  for (const one of found) {
    assert.notEqual(one.kind, "other");
    if (one.kind === "parent" && one.change === "changed") {
      const parent = ({ parents }: Explained) =>
        parents.find(({ image }) => image.name === one.name) as Explained;
      assertHolds(one.differences, { old: parent(old), new: parent(now) }, projects);
    }
    if (one.kind !== "lines") continue;
    const side = one.change === "removed" ? old : now;
    assert.equal(one.place.file, side.image.dockerfile);
    assert.ok(one.lines.some(({ mark }) => mark === "removed" || mark === "added"));
    for (const { mark, line, text } of one.lines) {
      assert.equal(text, (mark === "removed" ? files.old : files.new)[line - 1]);
      if (mark !== "same") (mark === "removed" ? removed : added).add(line);
    }
  }
  assert.deepEqual(linesWithout(old, removed), linesWithout(now, added));
}

/** The lines that the key covers, without some. */
function linesWithout({ recipe }: Explained, left: ReadonlySet<number>): readonly string[] {
  const texts = recipe.hashed.split("\n");
  return texts.filter((_, at) => !left.has(recipe.lines[at] ?? 0));
}
