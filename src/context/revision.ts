/** A revision as a `Tree`, read from git's objects without checking it out. */
import { BerthError } from "../errors.ts";
import type { AttributesFile, Git } from "../world.ts";
import { unreadableNames } from "./listing.ts";
import { onceEach } from "./memo.ts";
import { isShallow, type Objects, objectsOf, type TreeItem, type TreeObject } from "./objects.ts";
import { folderOf, isReserved, joinPath, nameOf, pathBelow } from "./paths.ts";
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
}

/** Gives a reader of revisions that remembers objects from one to the next. */
export function revisionTrees(git: Git): (rev: string) => Promise<Tree> {
  const shared: Shared = { objects: objectsOf(git), submodules: new Map() };
  return async (rev) => {
    const found = await shared.objects.commitTree(rev);
    if (found === undefined) {
      const hint = (await isShallow(git))
        ? "this clone is shallow; set GIT_DEPTH: 0 in the job, or run: git fetch --unshallow"
        : "check its spelling, or fetch it: git fetch";
      const what = `resolve revision ${JSON.stringify(rev)}: no such commit`;
      throw new BerthError("GIT_FAILED", what, { hint });
    }
    const { tree } = found;
    const top: Place = { objects: shared.objects, root: "", tree, attributes: [] };
    return treeAt(shared, top, `revision ${found.commit.slice(0, 12)}`);
  };
}

function treeAt(shared: Shared, top: Place, label: string): Tree {
  const folderFor = folderReader(shared, top, label);
  const itemAt = async (path: string): Promise<PlacedItem | undefined> => {
    const folder = await folderFor(folderOf(path), path);
    return folder && itemOf(folder, path);
  };
  const folderOnce = onceEach<ReadonlyMap<string, TreeEntry>>();
  const read: Tree["read"] = async (path) => {
    const item = await itemAt(path);
    if (item?.kind === "symlink") return item.place.objects.blob(item.id);
    if (item?.kind !== "file") return undefined;
    const { objects, attributes, root } = item.place;
    return objects.file(item.id, pathBelow(path, root), attributes);
  };
  return {
    label,
    folder: (path) =>
      folderOnce(path, async () => readFolder(shared, await folderFor(path), path, label)),
    async find(names, folder = "") {
      const paths = await shared.objects.find(top.tree, folder, names);
      return paths.filter((path) => !isReserved(path));
    },
    async entry(path) {
      const item = await itemAt(path);
      const found = item && (await entryOf(shared, item));
      return found?.kind === "folder" ? undefined : found;
    },
    read,
    async readMany(paths) {
      const each = [...Map.groupBy(paths, folderOf)].map(async ([path, some]) =>
        contentsIn(await folderFor(path, some[0]), some, read),
      );
      const contents = new Map((await Promise.all(each)).flat());
      return paths.map((path) => contents.get(path));
    },
  };
}

/** Contents of files and links of one folder, by path. */
async function contentsIn(
  folder: Folder | undefined,
  paths: readonly string[],
  read: Tree["read"],
): Promise<readonly (readonly [string, Buffer | undefined])[]> {
  const items = paths.map((path) => folder?.items.get(nameOf(path)));
  const isPlain =
    folder !== undefined &&
    items.every((item) => item?.kind === "file" || item?.kind === "symlink") &&
    !paths.some(isReserved) &&
    !(await folder.objects.git.mayConvert(folder.attributes));
  const contents = isPlain
    ? await folder.objects.blobs(items.map((item) => item?.id ?? ""))
    : await Promise.all(paths.map(read));
  return paths.map((path, index) => [path, contents[index]]);
}

/** Gives a folder, for itself or for a path below it; `undefined` where there is none. */
type FolderReader = (path: string, asked?: string) => Promise<Folder | undefined>;

function folderReader(shared: Shared, top: Place, label: string): FolderReader {
  const once = onceEach<Opened>();
  const open = (path: string): Promise<Opened> =>
    once(path, async () => {
      if (path === "") return list(top, path);
      const above = await open(folderOf(path));
      if (above?.kind !== "folder") return above;
      const item = itemOf(above, path);
      const place = item && (await enter(shared, item));
      if (place !== undefined) return list(place, path);
      return item?.kind === "submodule" ? { ...item, kind: item.kind } : undefined;
    });
  return async (path, asked = path) => {
    const opened = isReserved(asked) ? undefined : await open(path);
    if (opened?.kind !== "submodule") return opened;
    if (opened.path === asked) return undefined;
    const { what, hint } = absentSubmodule(opened);
    const message = `read ${asked} of ${label}: it lies in ${what}`;
    throw new BerthError("CONTEXT_ABSENT", message, { hint });
  };
}

/** What is in a folder of the revision, and the attributes that hold for it. */
interface Folder extends Place, TreeObject {
  readonly kind: "folder";
}

/** A folder; a submodule that is not here, which is at the path or above it; nothing. */
type Opened = Folder | (PlacedItem & { readonly kind: "submodule" }) | undefined;

/** An item of a tree with the repository that it was found in, and the attributes that hold for it. */
interface PlacedItem extends TreeItem {
  readonly place: Place;
  readonly path: string;
}

async function list(place: Place, folder: string): Promise<Folder> {
  const tree = await place.objects.tree(place.tree);
  const own = tree.items.get(".gitattributes");
  const path = pathBelow(joinPath(folder, ".gitattributes"), place.root);
  const attributes =
    own?.kind === "file" ? [...place.attributes, { path, id: own.id }] : place.attributes;
  return { ...place, ...tree, kind: "folder", attributes };
}

function itemOf(place: Folder, path: string): PlacedItem | undefined {
  const item = place.items.get(nameOf(path));
  return item && { ...item, place, path };
}

function absentSubmodule({ path, id }: PlacedItem) {
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
  place: Folder | undefined,
  folder: string,
  label: string,
): Promise<ReadonlyMap<string, TreeEntry>> {
  const found = new Map<string, TreeEntry>();
  if (place === undefined) return found;
  const { items, unreadable } = place;
  if (unreadable.length > 0) {
    const names = unreadable.map((name) => joinPath(folder, name));
    throw unreadableNames(names, folder, label);
  }
  for (const { name, kind, executable, id } of items.values()) {
    const path = joinPath(folder, name);
    if (isReserved(path)) continue;
    const entry = { path, kind, executable };
    const isModule = kind === "submodule";
    found.set(name, isModule ? await entryOf(shared, { ...entry, name, id, place }) : entry);
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
