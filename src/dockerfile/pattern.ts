/** The two pattern languages of a Dockerfile: the shell's in `${v#p}`, and Go's filepath.Match in sources. */

const special = /[[\]{}.+()|^$\\*?/]/;

function literal(character: string): string {
  return special.test(character) ? `\\${character}` : character;
}

/**
 * A shell pattern (`*` and `?` only) as an expression, or `undefined` where BuildKit refuses it.
 *
 * A backslash may stand before `*`, `?`, `\`, `}` and `/`.
 */
export function shellPattern(
  pattern: string,
  greedy: boolean,
  anchored: boolean,
): RegExp | undefined {
  const characters = Array.from(pattern);
  let source = anchored ? "^" : "";
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (character === "*") source += greedy ? "[^\\n]*" : "[^\\n]*?";
    else if (character === "?") source += "[^\\n]";
    else if (character !== "\\") source += literal(character);
    else {
      const next = characters[at + 1];
      if (next === "}" || next === "/") continue;
      if (next !== "*" && next !== "?" && next !== "\\") return undefined;
      source += literal(next);
      at++;
    }
  }
  return new RegExp(source, "u");
}

/** Removes a prefix that matches: the shortest, or the longest where `greedy`. */
export function trimPrefix(pattern: string, value: string, greedy: boolean): string | undefined {
  const expression = shellPattern(pattern, greedy, true);
  if (expression === undefined) return undefined;
  const match = expression.exec(value);
  return match === null ? value : value.slice(match[0].length);
}

/** Removes a suffix that matches, by matching backwards, since expressions search from the left. */
export function trimSuffix(pattern: string, value: string, greedy: boolean): string | undefined {
  const units = pattern.match(/\\[\s\S]|[\s\S]/gu) ?? [];
  const backwards = units.toReversed().join("");
  const trimmed = trimPrefix(backwards, Array.from(value).toReversed().join(""), greedy);
  return trimmed === undefined ? undefined : Array.from(trimmed).toReversed().join("");
}

/** Replaces the first match, or all of them. */
export function replacePattern(
  pattern: string,
  value: string,
  replacement: string,
  all: boolean,
): string | undefined {
  const expression = shellPattern(pattern, true, false);
  if (expression === undefined) return undefined;
  return value.replace(all ? new RegExp(expression.source, "gu") : expression, () => replacement);
}

export function hasWildcard(segment: string): boolean {
  return /[*?[]/.test(segment.replace(/\\[\s\S]/gu, ""));
}

/**
 * One segment of a Go path pattern as the source of an expression; `undefined` where it is malformed.
 *
 * Grammar: https://pkg.go.dev/path/filepath#Match
 */
export function globSegment(segment: string): string | undefined {
  const characters = Array.from(segment);
  let source = "";
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (character === "*") source += "[^/]*";
    else if (character === "?") source += "[^/]";
    else if (character === "[") {
      const group = globClass(characters, at + 1);
      if (group === undefined) return undefined;
      source += group.source;
      at = group.end;
    } else if (character === "\\") {
      const escaped = characters[++at];
      if (escaped === undefined) return undefined;
      source += literal(escaped);
    } else source += literal(character);
  }
  return source;
}

/** A class such as `[a-z]`, from after its opening bracket. */
function globClass(
  characters: readonly string[],
  from: number,
): { readonly source: string; readonly end: number } | undefined {
  const negated = characters[from] === "^";
  const begin = negated ? from + 1 : from;
  let at = begin;
  let source = "";
  const one = (): string | undefined => {
    const character = characters[at++];
    if (character === "\\") return characters[at++];
    return character === "-" || character === "]" ? undefined : character;
  };
  while (characters[at] !== "]" || at === begin) {
    const low = one();
    const ranged = characters[at] === "-";
    if (ranged) at++;
    const high = ranged ? one() : low;
    if (low === undefined || high === undefined) return undefined;
    // A range that runs backwards matches nothing in Go; JavaScript refuses it.
    if (low.codePointAt(0)! <= high.codePointAt(0)!) source += `${inClass(low)}-${inClass(high)}`;
  }
  return { source: `[${negated ? "^" : ""}${source}]`, end: at };
}

function inClass(character: string): string {
  return /[\]\\^-]/.test(character) ? `\\${character}` : character;
}
