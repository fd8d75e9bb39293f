/** Files and links of a revision by their names, found in trees that are read once; submodules are left out. */
import type { Memo } from "./memo.ts";
import type { Objects, TreeItem } from "./objects.ts";
import { elementsBelowRoot, joinPath, starsMatcher } from "./paths.ts";

/** What is read once for all revisions of a repository. */
export interface Searched {
  readonly objects: Objects;
  /** Paths found below a tree, by the names looked for and the tree's id. */
  readonly found: Memo<readonly string[]>;
}

/** Names that are looked for; the globs tell one search from another. */
interface Wanted {
  readonly globs: string;
  readonly fits: (name: string) => boolean;
}

/** Paths below a tree, in a folder of it (`""` for all), of which the last element fits one of the names. */
export async function searchTree(
  searched: Searched,
  top: string,
  names: readonly string[],
  folder: string,
): Promise<readonly string[]> {
  if (names.length === 0) return [];
  let tree = top;
  for (const name of elementsBelowRoot(folder)) {
    const item = (await searched.objects.tree(tree)).items.get(name);
    if (item?.kind !== "folder") return [];
    tree = item.id;
  }
  const wanted = { globs: names.join("/"), fits: starsMatcher(names) };
  return (await findBelow(searched, tree, wanted)).map((path) => joinPath(folder, path));
}

async function findBelow(
  searched: Searched,
  tree: string,
  wanted: Wanted,
): Promise<readonly string[]> {
  const key = `${tree} ${wanted.globs}`;
  const known = searched.found.get(key);
  if (known !== undefined) return known;
  const { items } = await searched.objects.tree(tree);
  const parts = [...items.values()].map((item) => {
    if (item.kind === "folder") return findInside(searched, item, wanted);
    return item.kind !== "submodule" && wanted.fits(item.name) ? [item.name] : [];
  });
  const paths = (await Promise.all(parts)).flat();
  searched.found.set(key, paths, paths.length + 1);
  return paths;
}

async function findInside(
  searched: Searched,
  item: TreeItem,
  wanted: Wanted,
): Promise<readonly string[]> {
  const below = await findBelow(searched, item.id, wanted);
  return below.map((path) => `${item.name}/${path}`);
}
