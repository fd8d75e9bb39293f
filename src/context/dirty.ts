/** Which files differ from the commit that is checked out. */
import type { Git } from "../world.ts";
import { comparePaths, foldersAbove, isBelow, isReserved } from "./paths.ts";
import type { Tree } from "./tree.ts";

/** Above this many paths, git is asked for all changes: a command line has a limit. */
const maxPathspecs = 500;

/**
 * Gives those paths below the given files and folders (`""` for all) that are modified, added, deleted, or new and not ignored,
 * compared to HEAD; sorted. A changed submodule is named itself where a given path lies in it.
 */
export async function dirtyPaths(
  git: Git,
  tree: Pick<Tree, "tracks">,
  paths: readonly string[],
): Promise<readonly string[]> {
  if (paths.length === 0) return [];
  const options = ["--untracked-files=all", "--no-renames", "--ignore-submodules=none"];
  const found = await askedOf(git, tree, paths);
  const isAll = found.includes("") || found.length > maxPathspecs;
  const asked = isAll ? [] : found.map((path) => `:(literal)${path}`);
  const status = await git.run(["status", "--porcelain=v1", "-z", ...options, "--", ...asked]);
  // `XY path\0` for each; renames, which would have two paths, are off.
  const changed = status.toString().split("\0").slice(0, -1);
  const wanted = new Set(paths);
  const isWanted = (path: string): boolean =>
    wanted.has("") ||
    wanted.has(path) ||
    foldersAbove(path).some((folder) => wanted.has(folder)) ||
    paths.some((given) => isBelow(given, path.replace(/\/$/, "")));
  return changed
    .map((record) => record.slice(3))
    .filter((path) => !isReserved(path) && isWanted(path))
    .sort(comparePaths);
}

/**
 * What to ask git for: it reports a change inside a submodule, or inside a new repository, as one
 * of that folder, and only to those who ask for the folder.
 */
async function askedOf(
  git: Git,
  tree: Pick<Tree, "tracks">,
  paths: readonly string[],
): Promise<readonly string[]> {
  const text = (await git.object(":.gitmodules"))?.bytes.toString() ?? "";
  const submodules = [...text.matchAll(/^\s*path\s*=\s*"?(.+?)"?\s*$/gm)]
    .map(([, path]) => path ?? "")
    .filter((submodule) => submodule !== "" && paths.some((path) => isBelow(path, submodule)));
  // New, absent, or in a repository that stands in this one, of which git speaks only to who asks from outside.
  const asked = paths.map(async (path) => {
    const isKnown = submodules.some((submodule) => isBelow(path, submodule));
    return isKnown || (await tree.tracks?.(path)) ? path : (foldersAbove(path)[0] ?? path);
  });
  return [...submodules, ...new Set(await Promise.all(asked))];
}
