/** The modifiers of `${name…}`: defaults, demands, and trimmed or replaced parts. */

import { replacePattern, trimPrefix, trimSuffix } from "./pattern.ts";

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

/** `${name/pattern/replacement}`, and with a second slash for all matches. */
export function replace(
  value: string | undefined,
  pattern: string,
  replacement: string,
  all: boolean,
): Substituted {
  const text = replacePattern(pattern, value ?? "", replacement, all);
  return text === undefined ? { error: `invalid pattern ${pattern}` } : { text };
}
