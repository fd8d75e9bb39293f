/** A revision as a `Tree`, read from git's objects without checking it out. */
import { BerthError } from "../errors.ts";
import type { AttributesFile, Git } from "../world.ts";
import { unreadableNames } from "./listing.ts";
import { boundedMemo, type Memo, onceEach } from "./memo.ts";
import { isShallow, type Objects, objectsOf, type TreeItem } from "./objects.ts";
import { isReserved, joinPath, pathBelow, starsMatcher } from "./paths.ts";
import type { Tree, TreeEntry } from "./tree.ts";

/** A tree object in the repository that has it: ours or a submodule's. */
interface Place {
  readonly objects: Objects;
  /** Where the repository's work tree is, below ours. */
  readonly root: string;
  readonly tree: string;
  /** The `.gitattributes` in the folders above it. */
  readonly attributes: readonly AttributesFile[];
}

/** What all revisions of one repository share. */
interface Shared {
  readonly objects: Objects;
  readonly submodules: Map<string, Objects>;
  /** Paths found below a tree, by the names looked for and the tree's id. */
  readonly found: Memo<readonly string[]>;
}

/** Reads one revision; for many of them, `revisionTrees` reads what they share once. */
export function revisionTree(git: Git, rev: string): Promise<Tree> {
  return revisionTrees(git)(rev);
}

/** Gives a reader of revisions that remembers objects from one to the next. */
export function revisionTrees(git: Git): (rev: string) => Promise<Tree> {
  const shared: Shared = {
    objects: objectsOf(git),
    submodules: new Map(),
    found: boundedMemo(500_000),
  };
  return async (rev) => {
    const found = await shared.objects.commitTree(rev);
    if (found === undefined) throw await unknownRevision(git, rev);
    const { tree } = found;
    const top: Place = { objects: shared.objects, root: "", tree, attributes: [] };
    return treeAt(shared, top, `revision ${found.commit.slice(0, 12)}`);
  };
}

async function unknownRevision(git: Git, rev: string): Promise<BerthError> {
  const hint = (await isShallow(git))
    ? "this clone is shallow; set GIT_DEPTH: 0 in the job, or run: git fetch --unshallow"
    : "check its spelling, or fetch it: git fetch";
  return new BerthError("GIT_FAILED", `resolve revision ${JSON.stringify(rev)}: no such commit`, {
    hint,
  });
}

function treeAt(shared: Shared, top: Place, label: string): Tree {
  const itemAt = async (path: string) =>
    isReserved(path) ? undefined : resolve(shared, top, path.split("/"), label);
  const folder = async (path: string): Promise<ReadonlyMap<string, TreeEntry>> => {
    const item = path === "" ? undefined : await itemAt(path);
    const place = path === "" ? top : item && (await enter(shared, item));
    return place === undefined ? new Map() : readFolder(shared, place, path, label);
  };
  const folderOnce = onceEach<ReadonlyMap<string, TreeEntry>>();
  return {
    label,
    // Git answers them in one stream.
    readAhead: 64,
    folder: (path) => folderOnce(path, () => folder(path)),
    async find(names) {
      if (names.length === 0) return [];
      const wanted = { globs: names.join("/"), fits: starsMatcher(names) };
      const paths = await findBelow(shared, top.tree, wanted);
      return paths.filter((path) => !isReserved(path));
    },
    async entry(path) {
      const item = await itemAt(path);
      const found = item && (await entryOf(shared, item));
      return found?.kind === "folder" ? undefined : found;
    },
    async read(path) {
      const item = await itemAt(path);
      if (item?.kind === "symlink") return item.place.objects.blob(item.id);
      if (item?.kind !== "file") return undefined;
      const { objects, attributes } = item.place;
      return objects.file(item.id, pathBelow(path, item.place.root), attributes);
    },
  };
}

/** An item of a tree with the repository that it was found in, and the attributes that hold for it. */
interface PlacedItem extends TreeItem {
  readonly place: Place;
  readonly path: string;
}

async function resolve(
  shared: Shared,
  place: Place,
  [name = "", ...rest]: readonly string[],
  label: string,
  above = "",
): Promise<PlacedItem | undefined> {
  const { items } = await place.objects.tree(place.tree);
  const item = items.get(name);
  if (item === undefined) return undefined;
  const placed = {
    ...item,
    place: withAttributes(place, items.get(".gitattributes"), above),
    path: joinPath(above, item.name),
  };
  if (rest.length === 0) return placed;
  const next = await enter(shared, placed);
  if (next !== undefined) return resolve(shared, next, rest, label, placed.path);
  if (item.kind !== "submodule") return undefined;
  const { what, hint } = absentSubmodule(placed);
  const path = joinPath(placed.path, rest.join("/"));
  throw new BerthError("CONTEXT_ABSENT", `read ${path} of ${label}: it lies in ${what}`, { hint });
}

/** The place with the attributes of its own folder, which is `above`. */
function withAttributes(place: Place, own: TreeItem | undefined, above: string): Place {
  if (own?.kind !== "file") return place;
  const path = pathBelow(joinPath(above, own.name), place.root);
  return { ...place, attributes: [...place.attributes, { path, id: own.id }] };
}

function absentSubmodule({ path, id }: PlacedItem): {
  readonly what: string;
  readonly hint: string;
} {
  return {
    what: `submodule ${path} at ${id.slice(0, 12)}, which is not here`,
    hint: `git submodule update --init ${path}, or git -C ${path} fetch`,
  };
}

/** The tree that a folder is, or that a submodule's commit has where the submodule is checked out. */
async function enter(shared: Shared, item: PlacedItem): Promise<Place | undefined> {
  const { place, path, id } = item;
  if (item.kind === "folder") return { ...place, tree: id };
  if (item.kind !== "submodule") return undefined;
  const known = shared.submodules.get(path);
  const objects = known ?? objectsOf(place.objects.git.inside(pathBelow(path, place.root)));
  shared.submodules.set(path, objects);
  // Not checked out: the folder is missing, or git answers from the outer repository, which may only
  // have the very same commit. An id names one content wherever it is found.
  const found = await objects.commitTree(id).catch(() => undefined);
  return found && { objects, root: path, tree: found.tree, attributes: [] };
}

async function readFolder(
  shared: Shared,
  place: Place,
  folder: string,
  label: string,
): Promise<ReadonlyMap<string, TreeEntry>> {
  const { items, unreadable } = await place.objects.tree(place.tree);
  if (unreadable.length > 0) {
    const names = unreadable.map((name) => joinPath(folder, name));
    throw unreadableNames(names, folder, label);
  }
  const found = new Map<string, TreeEntry>();
  for (const item of items.values()) {
    const path = joinPath(folder, item.name);
    if (isReserved(path)) continue;
    found.set(item.name, await entryOf(shared, { ...item, place, path }));
  }
  return found;
}

/** A submodule is a folder where its files are here. */
async function entryOf(shared: Shared, item: PlacedItem): Promise<TreeEntry> {
  const { path, kind, executable } = item;
  if (kind !== "submodule") return { path, kind, executable };
  if ((await enter(shared, item)) !== undefined) return { path, kind: "folder", executable };
  const { what, hint } = absentSubmodule(item);
  return { path, kind, executable, absent: `${what}: ${hint}` };
}

/** Names that are looked for; the globs tell one search from another. */
interface Wanted {
  readonly globs: string;
  readonly fits: (name: string) => boolean;
}

async function findBelow(shared: Shared, tree: string, wanted: Wanted): Promise<readonly string[]> {
  const key = `${tree} ${wanted.globs}`;
  const known = shared.found.get(key);
  if (known !== undefined) return known;
  const { items } = await shared.objects.tree(tree);
  const parts = [...items.values()].map((item) => {
    if (item.kind === "folder") return findInside(shared, item, wanted);
    return item.kind !== "submodule" && wanted.fits(item.name) ? [item.name] : [];
  });
  const paths = (await Promise.all(parts)).flat();
  shared.found.set(key, paths, paths.length + 1);
  return paths;
}

async function findInside(shared: Shared, item: TreeItem, wanted: Wanted): Promise<string[]> {
  const below = await findBelow(shared, item.id, wanted);
  return below.map((path) => `${item.name}/${path}`);
}
