/** Globs over paths of the repository: `*`, `**`, `?` and `{a,b}`; everything else stands for itself. */

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
export function compileGlob(glob: string): RegExp {
  let inside = false;
  const parts = [...glob.matchAll(/\*\*\/|\*+|[?{},]|[^*?{},]+/g)].map(({ 0: token, index }) => {
    if (token === "{" || token === "}") inside = token === "{";
    if (token === ",") return inside ? "|" : ",";
    const begins = index === 0 || /[/{,]/.test(glob.charAt(index - 1));
    const ends = index + token.length === glob.length;
    return translate(token, begins, ends);
  });
  return new RegExp(`^${parts.join("")}$`, "s");
}

function translate(token: string, begins: boolean, ends: boolean): string {
  if (token === "**/") return begins ? "(?:[^/]+/)*" : "[^/]*/";
  if (token === "**" && begins && ends) return ".+";
  if (token.startsWith("*")) return "[^/]*";
  if (token === "?") return "[^/]";
  if (token === "{") return "(?:";
  if (token === "}") return ")";
  return RegExp.escape(token);
}

/** The folder that all matches lie in, `""` where the glob says nothing of it. */
export function globFolder(glob: string): string {
  const fixed = glob.slice(0, glob.search(/[*?{]/));
  return fixed.slice(0, Math.max(fixed.lastIndexOf("/"), 0));
}

/** A glob with `*` only that the last element of each match fits, as `Tree.find` takes it. */
export function globLastName(glob: string): string {
  if (/\{[^}]*\/[^}]*\}/.test(glob)) return "*";
  const last = glob.slice(glob.lastIndexOf("/") + 1);
  return last.replace(/\{[^}]*\}|\?/g, "*").replace(/\*+/g, "*");
}
