/** Paths below the repository's top: `/` between elements, no `./`, `""` is the top itself. */
import { normalize } from "node:path/posix";

/** Orders paths by the bytes of their UTF-8, which is not the order of JavaScript's strings. */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return byteRank(x) - byteRank(y);
  }
  return a.length - b.length;
}

/** UTF-16 puts surrogates (characters above U+FFFF) before U+E000; UTF-8 puts them last. */
function byteRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

export function joinPath(folder: string, path: string): string {
  if (folder === "") return path;
  return path === "" ? folder : `${folder}/${path}`;
}

export function isBelow(path: string, folder: string): boolean {
  return folder === "" || path.startsWith(`${folder}/`);
}

/** The rest of a path behind a folder that it is below; `""` for the folder itself. */
export function pathBelow(path: string, folder: string): string {
  return folder === "" ? path : path.slice(folder.length + 1);
}

export function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}

/** The last element of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The folders above a path, topmost first, without the top itself. */
export function foldersAbove(path: string): readonly string[] {
  const folders: string[] = [];
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) {
    folders.push(path.slice(0, at));
  }
  return folders;
}

/** What Go's `filepath.Clean` gives on Linux. */
export function cleanPath(path: string): string {
  const normal = normalize(path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}

/** The elements of a path taken as beginning at some root, `..` stopping there. */
export function elementsBelowRoot(path: string): readonly string[] {
  return cleanPath(`/${path}`)
    .split("/")
    .filter((element) => element !== "");
}

/** Whether a path belongs to git or to berth itself and not to the project. */
export function isReserved(path: string): boolean {
  if (path === ".berth" || path.startsWith(".berth/")) return true;
  return path.includes(".git") && path.split("/").includes(".git");
}

/** Whether a text fits a glob in which `*` alone has a meaning, any run of characters. */
export function fitsStars(glob: string, text: string): boolean {
  return compileStars(glob)(text);
}

/** Makes the same test for many texts, each of which may fit any of the globs. */
export function starsMatcher(globs: readonly string[]): (text: string) => boolean {
  const tests = globs.map(compileStars);
  return (text) => tests.some((fits) => fits(text));
}

function compileStars(glob: string): (text: string) => boolean {
  const [first = "", ...rest] = glob.split("*");
  const last = rest.pop();
  if (last === undefined) return (text) => text === glob;
  return (text) => {
    if (!text.startsWith(first)) return false;
    // What stands between two stars is best found as early as it is there.
    let at = first.length;
    for (const part of rest) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return text.length - last.length >= at && text.endsWith(last);
  };
}

/** Whether a path, as `cleanPath` and Node's `relative` write it, leads out of the folder that it begins at. */
export function leadsOut(path: string): boolean {
  return path === ".." || path.startsWith("../");
}
