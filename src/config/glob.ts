/** Globs over paths of the repository: `*`, `**`, `?` and `{a,b}`; everything else stands for itself. */

import { isInName, many, matcher, one, type Piece, text } from "../context/automaton.ts";
import { folderOf, nameOf } from "../context/paths.ts";

/** Whether a text is a glob at all, or the path of one file. */
export function isGlob(text: string): boolean {
  return /[*?{]/.test(text);
}

/** Says what is wrong with a glob, or `undefined`. */
export function globMistake(glob: string): string | undefined {
  let inside = false;
  for (const character of glob) {
    if (character === "{" && inside) return "a { inside of { } has no meaning";
    if (character === "}" && !inside) return "a } without its {";
    if (character === "{") inside = true;
    if (character === "}") inside = false;
  }
  return inside ? "a { without its }" : undefined;
}

/**
 * Compiles a glob that matches whole paths.
 *
 * `**` as a whole path element stands for any number of folders, none included; a leading dot needs no
 * dot in the glob, as in git's own pathspecs.
 */
export function compileGlob(glob: string): (path: string) => boolean {
  const pieces: Piece[] = [];
  let ways: Piece[][] | undefined;
  for (const { 0: token, index } of glob.matchAll(/\*\*\/|\*+|[?{},]|[^*?{},]+/g)) {
    if (token === "{") ways = [[]];
    else if (token === "," && ways !== undefined) ways.push([]);
    else if (token === "}" && ways !== undefined) {
      pieces.push({ kind: "choice", ways });
      ways = undefined;
    } else {
      const begins = index === 0 || /[/{,]/.test(glob.charAt(index - 1));
      const ends = index + token.length === glob.length;
      (ways?.at(-1) ?? pieces).push(...translate(token, begins, ends));
    }
  }
  return matcher(pieces);
}

function translate(token: string, begins: boolean, ends: boolean): readonly Piece[] {
  if (token === "**/") {
    const name = many(isInName);
    const folder = [one(isInName), name, ...text("/")];
    return begins ? [{ kind: "repeat", pieces: folder }] : [name, ...text("/")];
  }
  if (token === "**" && begins && ends) return [one(() => true), many(() => true)];
  if (token.startsWith("*")) return [many(isInName)];
  return token === "?" ? [one(isInName)] : text(token);
}

/** The folder that all matches lie in, `""` where the glob says nothing of it. */
export function globFolder(glob: string): string {
  return folderOf(glob.slice(0, glob.search(/[*?{]/)));
}

/** A glob with `*` only that the last element of each match fits, as `Tree.find` takes it. */
export function globLastName(glob: string): string {
  if (/\{[^}]*\/[^}]*\}/.test(glob)) return "*";
  return nameOf(glob)
    .replace(/\{[^}]*\}|\?/g, "*")
    .replace(/\*+/g, "*");
}
