/** A context's files as folders in memory, without those that the build ignores. */
import { foldersAbove } from "./paths.ts";
import type { TreeEntry } from "./tree.ts";

export interface Folder {
  readonly kind: "folder";
  /** Below the context's folder; `""` is that folder. */
  readonly path: string;
  /** The root is its own parent, as in a chroot. */
  readonly parent: Folder;
  readonly children: Map<string, ViewNode>;
}

export interface Leaf {
  readonly kind: TreeEntry["kind"];
  readonly path: string;
  readonly entry: TreeEntry;
  readonly parent: Folder;
}

export type ViewNode = Folder | Leaf;

/**
 * Builds the view from entries below the context's folder.
 *
 * A folder of which all files are ignored is there, empty, unless it is ignored too: so does a build
 * from a checkout see it.
 */
export function viewOf(
  entries: readonly TreeEntry[],
  contextFolder: string,
  ignores: (path: string) => boolean,
): Folder {
  const root = makeRoot();
  const folders = new Map<string, Folder>([["", root]]);
  const ignoredFolders = new Map<string, boolean>();
  const skip = contextFolder === "" ? 0 : contextFolder.length + 1;
  const folderAt = (path: string): Folder => {
    const known = folders.get(path);
    if (known !== undefined) return known;
    const slash = path.lastIndexOf("/");
    const parent = folderAt(path.slice(0, Math.max(slash, 0)));
    const folder: Folder = { kind: "folder", path, parent, children: new Map() };
    parent.children.set(path.slice(slash + 1), folder);
    folders.set(path, folder);
    return folder;
  };
  const isIgnoredFolder = (path: string): boolean => {
    const known = ignoredFolders.get(path) ?? ignores(path);
    ignoredFolders.set(path, known);
    return known;
  };
  for (const entry of entries) {
    const path = entry.path.slice(skip);
    if (ignores(path)) {
      for (const above of foldersAbove(path)) if (!isIgnoredFolder(above)) folderAt(above);
      continue;
    }
    const slash = path.lastIndexOf("/");
    const parent = folderAt(path.slice(0, Math.max(slash, 0)));
    parent.children.set(path.slice(slash + 1), { kind: entry.kind, path, entry, parent });
  }
  return root;
}

function makeRoot(): Folder {
  const root = { kind: "folder" as const, path: "", children: new Map<string, ViewNode>() };
  return Object.assign(root, { parent: root as Folder }) as Folder;
}

/** A node and all that is below it, folders included. */
export function* subtree(node: ViewNode): Generator<ViewNode> {
  yield node;
  if (node.kind !== "folder") return;
  for (const child of node.children.values()) yield* subtree(child);
}
