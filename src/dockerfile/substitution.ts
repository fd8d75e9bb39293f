/** The modifiers of `${name…}`: defaults, demands, and trimmed or replaced parts. */
import { ends, many, one, type Piece, text } from "../context/automaton.ts";

export interface Modifier {
  /** One of `-`, `+`, `?`, `#` and `%`. */
  readonly operator: string;
  /** With a colon in front, an empty value is as good as none. */
  readonly colon: boolean;
  /** What follows the operator, expanded. */
  readonly word: string;
}

/** A text, or why the engine refuses to make one. */
export type Substituted = { readonly text: string } | { readonly error: string };

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
  // A backslash at the end comes to stand before the rest, as it does for BuildKit.
  const pieces = shellPattern(turned(pattern.match(/\\.|./gsu) ?? []).join(""));
  if (pieces === undefined) return { error: `invalid pattern ${pattern}` };
  const characters = turned(Array.from(value));
  const found = [...ends(pieces)(characters, 0)];
  const length = (greedy ? found.at(-1) : found[0]) ?? 0;
  return { text: turned(characters.slice(length)).join("") };
}

/** The most that variables may add to a text; without a bound, each ARG could be the last one eight times over. */
export const mostExpanded = 64 * 1024;

const mostReplaced = 1024 * 1024;

const isInLine = (char: string): boolean => char !== "\n";

/**
 * A shell pattern (`*` and `?` only), or `undefined` where BuildKit refuses it.
 *
 * A backslash may stand before `*`, `?`, `\`, `}` and `/`.
 */
function shellPattern(pattern: string): readonly Piece[] | undefined {
  const characters = Array.from(pattern);
  const pieces: Piece[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (character === "*") pieces.push(many(isInLine));
    else if (character === "?") pieces.push(one(isInLine));
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
  const pieces = shellPattern(pattern);
  if (pieces === undefined) return { error: `invalid pattern ${pattern}` };
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
  return { text: [...parts, characters.slice(done).join("")].join("") };
}

/** Where matches may begin: the ends of the same, read backwards. */
function startsOf(pieces: readonly Piece[], characters: readonly string[]): readonly number[] {
  const backwards = [many(() => true), ...pieces.toReversed()];
  const found = [...ends(backwards)(characters.toReversed(), 0)];
  return found.reverse().map((end) => characters.length - end);
}
