/** A tree of a few paths, for tests that need no git. */
import type { Tree, TreeEntry } from "../../src/context/tree.ts";

export type Contents = Readonly<Record<string, string | Pick<TreeEntry, "kind">>>;

/** Each path with its text, or with what else it is. */
export function memoryTree(contents: Contents): Tree {
  const entries = Object.entries(contents)
    .map(([path, what]): TreeEntry => {
      const kind = typeof what === "string" ? "file" : what.kind;
      return { path, kind, executable: false };
    })
    .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  const fits = (path: string, names: readonly string[]) =>
    names.some((name) => matches(name, path.slice(path.lastIndexOf("/") + 1)));
  return {
    label: "the test tree",
    list: async (folder) =>
      entries.filter(({ path }) => folder === "" || path.startsWith(`${folder}/`)),
    find: async (names) => entries.map(({ path }) => path).filter((path) => fits(path, names)),
    entry: async (wanted) => entries.find(({ path }) => path === wanted),
    read: async (path) => {
      const what = contents[path];
      return typeof what === "string" ? Buffer.from(what) : undefined;
    },
  };
}

/** A tree of empty files. */
export function treeOf(...paths: readonly string[]): Tree {
  return memoryTree(Object.fromEntries(paths.map((path) => [path, ""])));
}

function matches(glob: string, name: string): boolean {
  const [first = "", ...rest] = glob.split("*");
  if (rest.length === 0) return glob === name;
  return name.startsWith(first) && name.length >= glob.length - 1 && name.endsWith(rest.join(""));
}
