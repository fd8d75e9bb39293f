/** A tree in memory, for rules that need no repository. */
import {
  comparePaths,
  folderOf,
  foldersAbove,
  isBelow,
  nameOf,
  starsMatcher,
} from "../../src/context/paths.ts";
import type { Tree, TreeEntry } from "../../src/context/tree.ts";

/** Text is a file's content. */
export type MemoryFile =
  | string
  | { readonly link: string }
  | { readonly exec: string }
  | { readonly submodule: true };

export function memoryTree(files: Readonly<Record<string, MemoryFile>>): Tree {
  const paths = Object.keys(files).sort(comparePaths);
  const entries = new Map(paths.map((path) => [path, entryOf(path, files[path] ?? "")]));
  const folders = new Map(
    paths
      .flatMap(foldersAbove)
      .map((path): [string, TreeEntry] => [path, { path, kind: "folder", executable: false }]),
  );
  return {
    label: "the tree in memory",
    folder: async (folder) =>
      new Map(
        [...entries, ...folders]
          .filter(([path]) => folderOf(path) === folder)
          .map(([path, entry]) => [nameOf(path), entry]),
      ),
    find: async (names, folder = "") => {
      const fits = starsMatcher(names);
      const below = paths.filter((path) => isBelow(path, folder));
      return below.filter((path) => entries.get(path)?.kind !== "submodule" && fits(nameOf(path)));
    },
    entry: async (path) => entries.get(path),
    read: async (path) => contentOf(files[path]),
    readMany: async (paths) => paths.map((path) => contentOf(files[path])),
  };
}

/** A tree of empty files. */
export function treeOf(...paths: readonly string[]): Tree {
  return memoryTree(Object.fromEntries(paths.map((path) => [path, ""])));
}

function entryOf(path: string, file: MemoryFile): TreeEntry {
  if (typeof file === "string") return { path, kind: "file", executable: false };
  if ("exec" in file) return { path, kind: "file", executable: true };
  return { path, kind: "link" in file ? "symlink" : "submodule", executable: false };
}

function contentOf(file: MemoryFile | undefined): Buffer | undefined {
  if (file === undefined) return undefined;
  if (typeof file === "string") return Buffer.from(file);
  if ("exec" in file) return Buffer.from(file.exec);
  return "link" in file ? Buffer.from(file.link) : undefined;
}
