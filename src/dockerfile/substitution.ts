/** The modifiers of `${name…}`: defaults, demands, and trimmed or replaced parts. */
import { ends, isInName, many, one, type Piece, text } from "../context/automaton.ts";

export interface Modifier {
  /** One of `-`, `+`, `?`, `#` and `%`. */
  readonly operator: string;
  /** With a colon in front, an empty value is as good as none. */
  readonly colon: boolean;
  /** What follows the operator, expanded. */
  readonly word: string;
}

/** A text, or why the engine refuses to make one; `apart` where buildah makes another one. */
export type Substituted =
  | { readonly text: string; readonly apart?: boolean }
  | { readonly error: string };

/** Is it the word that counts, and not the value? */
export function usesWord({ operator, colon }: Modifier, value: string | undefined): boolean {
  const missing = value === undefined || (colon && value === "");
  return operator === "+" ? !missing : operator !== "-" || missing;
}

export function substitute(
  name: string,
  modifier: Modifier,
  value: string | undefined,
): Substituted {
  const { operator, colon, word } = modifier;
  const missing = value === undefined || (colon && value === "");
  if (operator === "-") return { text: missing ? word : value };
  if (operator === "+") return { text: missing ? "" : word };
  if (operator !== "?") return trimmed(operator, word, value ?? "");
  if (!missing) return { text: value };
  const state = value === undefined ? "unset" : "empty";
  return { error: `${name}: ${word === "" ? `is not allowed to be ${state}` : word}` };
}

/** Removes a prefix or suffix that matches: the shortest, or with the operator twice the longest. */
function trimmed(operator: string, word: string, value: string): Substituted {
  const greedy = word.startsWith(operator);
  const pattern = greedy ? word.slice(1) : word;
  // A suffix is a prefix of what is read backwards.
  const turned = (all: readonly string[]) => (operator === "%" ? all.toReversed() : all);
  const characters = turned(Array.from(value));
  const lengthBy = (fits: Fits, least = 0, left = 0): number | undefined => {
    // A backslash at the end comes to stand before the rest, as it does for BuildKit.
    const pieces = shellPattern(turned(pattern.match(/\\.|./gsu) ?? []).join(""), fits);
    if (pieces === undefined) return undefined;
    const all = [...ends(pieces)(characters, 0)];
    const found = all.filter((end) => least <= end && end + left <= characters.length);
    return (greedy ? found.at(-1) : found[0]) ?? 0;
  };
  const length = lengthBy(isInLine);
  if (length === undefined) return { error: `invalid pattern ${pattern}` };
  // buildah tries no part that would leave, or be, the last letter.
  const other =
    operator === "#" ? lengthBy(isInName, 0, greedy ? 1 : 2) : lengthBy(isInName, greedy ? 2 : 1);
  const text = turned(characters.slice(length)).join("");
  return { text, apart: other !== length || pattern.includes("[") };
}

/** The most that variables may add to a text; without a bound, each ARG could be the last one eight times over. */
export const mostExpanded = 64 * 1024;

const mostReplaced = 1024 * 1024;

type Fits = (char: string) => boolean;

/** What a wildcard stands for; in buildah's patterns, which are those of paths, it is `isInName`. */
const isInLine: Fits = (char) => char !== "\n";

/**
 * A shell pattern (`*` and `?` only), or `undefined` where BuildKit refuses it.
 *
 * A backslash may stand before `*`, `?`, `\`, `}` and `/`.
 */
function shellPattern(pattern: string, fits: Fits): readonly Piece[] | undefined {
  const characters = Array.from(pattern);
  const pieces: Piece[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (character === "*") pieces.push(many(fits));
    else if (character === "?") pieces.push(one(fits));
    else if (character !== "\\") pieces.push(...text(character));
    else {
      const next = characters[at + 1];
      if (next === "}" || next === "/") continue;
      if (next !== "*" && next !== "?" && next !== "\\") return undefined;
      pieces.push(...text(next));
      at++;
    }
  }
  return pieces;
}

/** `${name/pattern/replacement}`: the first match, or all of them, each from the left and as long as it can be. */
export function replace(
  value = "",
  pattern: string,
  replacement: string,
  all: boolean,
): Substituted {
  // Each character may be a match, and none is counted before it is replaced.
  if (replacement.length * (value.length + 1) > mostReplaced)
    return { error: `${pattern} may put in more than 1 MiB` };
  const by = (fits: Fits): string | undefined => {
    const pieces = shellPattern(pattern, fits);
    if (pieces === undefined) return undefined;
    const characters = Array.from(value);
    const endsOf = ends(pieces);
    const parts: string[] = [];
    let done = 0;
    for (const start of startsOf(pieces, characters)) {
      if (start < done) continue;
      const end = [...endsOf(characters, start)].at(-1) ?? start;
      // As in Go, nothing is found where the last match has ended.
      if (end === start && start === done && start > 0) continue;
      parts.push(characters.slice(done, start).join(""), replacement);
      done = end;
      if (!all) break;
    }
    return [...parts, characters.slice(done).join("")].join("");
  };
  const text = by(isInLine);
  if (text === undefined) return { error: `invalid pattern ${pattern}` };
  // Nor does buildah find anything in an empty value.
  return { text, apart: text !== (value && by(isInName)) || /\[|^[#%]/.test(pattern) };
}

/** Where matches may begin: the ends of the same, read backwards. */
function startsOf(pieces: readonly Piece[], characters: readonly string[]): readonly number[] {
  const backwards = [many(() => true), ...pieces.toReversed()];
  const found = [...ends(backwards)(characters.toReversed(), 0)];
  return found.reverse().map((end) => characters.length - end);
}
