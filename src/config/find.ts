/** Dockerfiles of a tree: by their usual names, by a glob, or the one that a wrong path was meant for. */
import type { Tree } from "../context/tree.ts";
import { compileGlob, globFolder, globLastName } from "./glob.ts";
import { nearest } from "./nearest.ts";

export const usualNames = [
  "Dockerfile",
  "Dockerfile.*",
  "*.Dockerfile",
  "*.docker",
  "Containerfile",
  "Containerfile.*",
  "*.Containerfile",
];

/** `Dockerfile.in` and its like are made into Dockerfiles or talk about them, but are none. */
const otherKinds =
  /\.(?:dockerignore|containerignore|in|j2|jinja2?|m4|erb|tmpl|tpl|template|mustache|md|rst|txt|orig|rej|bak)$/;

/** Paths of everything that is called like a Dockerfile; no symlinks, which would be found twice. */
export async function findUsual(tree: Tree): Promise<readonly string[]> {
  const paths = await tree.find(usualNames);
  return onlyFiles(
    tree,
    paths.filter((path) => !otherKinds.test(path)),
  );
}

/** Paths of the files that a glob matches. */
export async function findGlob(tree: Tree, glob: string): Promise<readonly string[]> {
  const matcher = compileGlob(glob);
  const folder = globFolder(glob);
  if (folder === "") {
    const paths = await tree.find([globLastName(glob)]);
    return onlyFiles(
      tree,
      paths.filter((path) => matcher.test(path)),
    );
  }
  const entries = await tree.list(folder);
  return entries
    .filter(({ kind, path }) => kind === "file" && matcher.test(path))
    .map(({ path }) => path);
}

async function onlyFiles(tree: Tree, paths: readonly string[]): Promise<readonly string[]> {
  const entries = await Promise.all(paths.map((path) => tree.entry(path)));
  return entries.filter((entry) => entry?.kind === "file").map((entry) => entry!.path);
}

/** The file that a path or glob was probably meant to name. */
export async function nearestFile(tree: Tree, path: string): Promise<string | undefined> {
  const slash = path.lastIndexOf("/");
  const beside = slash < 0 ? [] : await tree.list(path.slice(0, slash));
  const files = beside.filter(({ kind }) => kind === "file").map((entry) => entry.path);
  const usual = await findUsual(tree);
  const inside = usual.find((known) => known.startsWith(`${path}/`));
  const moved = (await tree.find([globLastName(path)])).find((known) => known !== path);
  return inside ?? nearest(path, [...usual, ...files]) ?? moved;
}
