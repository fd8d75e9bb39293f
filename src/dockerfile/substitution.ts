/** The modifiers of `${name…}`: defaults, demands, and trimmed or replaced parts. */

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

function trimmed(operator: string, word: string, value: string): Substituted {
  const greedy = word.startsWith(operator);
  const pattern = greedy ? word.slice(1) : word;
  const text = (operator === "%" ? trimSuffix : trimPrefix)(pattern, value, greedy);
  return text === undefined ? { error: `invalid pattern ${pattern}` } : { text };
}

/** The most that variables may add to a text; without a bound, each ARG could be the last one eight times over. */
export const mostExpanded = 64 * 1024;

const mostReplaced = 1024 * 1024;

/** `${name/pattern/replacement}`, and with a second slash for all matches. */
export function replace(
  value: string | undefined,
  pattern: string,
  replacement: string,
  all: boolean,
): Substituted {
  // Each character may be a match, and none is counted before it is replaced.
  if (replacement.length * ((value?.length ?? 0) + 1) > mostReplaced)
    return { error: `${pattern} may put in more than 1 MiB` };
  const text = replacePattern(pattern, value ?? "", replacement, all);
  return text === undefined ? { error: `invalid pattern ${pattern}` } : { text };
}

const special = /[[\]{}.+()|^$\\*?/]/;

function literal(character: string): string {
  return special.test(character) ? `\\${character}` : character;
}

/**
 * A shell pattern (`*` and `?` only) as an expression, or `undefined` where BuildKit refuses it.
 *
 * A backslash may stand before `*`, `?`, `\`, `}` and `/`.
 */
function shellPattern(pattern: string, greedy: boolean, anchored: boolean): RegExp | undefined {
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
function trimPrefix(pattern: string, value: string, greedy: boolean): string | undefined {
  const expression = shellPattern(pattern, greedy, true);
  if (expression === undefined) return undefined;
  const match = expression.exec(value);
  return match === null ? value : value.slice(match[0].length);
}

/** Removes a suffix that matches, by matching backwards, since expressions search from the left. */
function trimSuffix(pattern: string, value: string, greedy: boolean): string | undefined {
  const units = pattern.match(/\\[\s\S]|[\s\S]/gu) ?? [];
  const backwards = units.toReversed().join("");
  const trimmed = trimPrefix(backwards, Array.from(value).toReversed().join(""), greedy);
  return trimmed === undefined ? undefined : Array.from(trimmed).toReversed().join("");
}

/** Replaces the first match, or all of them. */
function replacePattern(
  pattern: string,
  value: string,
  replacement: string,
  all: boolean,
): string | undefined {
  const expression = shellPattern(pattern, true, false);
  if (expression === undefined) return undefined;
  return value.replace(all ? new RegExp(expression.source, "gu") : expression, () => replacement);
}
