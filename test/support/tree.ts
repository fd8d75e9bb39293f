/** A tree in memory, for rules that need no repository. */
import { comparePaths, isBelow } from "../../src/context/paths.ts";
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
  return {
    label: "the tree in memory",
    list: async (folder, only) =>
      [...entries.values()].filter(
        ({ path }) => isBelow(path, folder) && isOneOf(path, folder, only),
      ),
    find: async (names) => {
      const matchers = names.map(
        (name) => new RegExp(`^${name.split("*").map(escapeText).join(".*")}$`),
      );
      return paths.filter((path) => {
        const name = path.slice(path.lastIndexOf("/") + 1);
        return (
          entries.get(path)?.kind !== "submodule" && matchers.some((matcher) => matcher.test(name))
        );
      });
    },
    entry: async (path) => entries.get(path),
    read: async (path) => contentOf(files[path]),
  };
}

function isOneOf(path: string, folder: string, only: readonly string[] | undefined): boolean {
  const below = folder === "" ? path : path.slice(folder.length + 1);
  return only === undefined || only.includes(below.split("/")[0] ?? "");
}

function escapeText(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
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
