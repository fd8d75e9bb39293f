/** Parser directives: the comments at the very top that change how the rest is read. */

import { skipSpace } from "./characters.ts";
import type { Complain, Escape } from "./lines.ts";

export interface Directives {
  readonly escape: Escape;
  /** The frontend image that reads the file, where the file names one. */
  readonly syntax: string | undefined;
  /** How many physical lines at the top an engine could take for directives, a `#!` among them. */
  readonly lines: number;
}

const directive = /^#[\t\f\r ]*([a-zA-Z][a-zA-Z0-9]*)[\t\f\r ]*=[\t\f\r ]*(.+?)[\t\f\r ]*$/;
const known = ["syntax", "escape", "check"];
/** Wider than any engine's own expression: what it finds stays to the letter. */
const likely = /^\s*#[\s\u0085]*(?:syntax|escape|check)\s*=/i;

/**
 * Reads the directives; the first line that is none ends them.
 *
 * A `#!` line ends them for the parser, yet Docker still finds `# syntax=` below it.
 */
export function readDirectives(text: string, complain: Complain): Directives {
  const top = text.startsWith("\uFEFF") ? 1 : 0;
  const shebang = text.startsWith("#!", top);
  const newline = text.indexOf("\n");
  const found = scan(text, shebang ? (newline < 0 ? text.length : newline + 1) : top, complain);
  const wanted = shebang ? undefined : found.get("escape");
  if (wanted !== undefined && wanted.value !== "\\" && wanted.value !== "`") {
    complain(
      wanted,
      `escape directive ${JSON.stringify(wanted.value)}: only \\ and \` are allowed`,
    );
  }
  return {
    escape: wanted?.value === "`" ? "`" : "\\",
    syntax: found.get("syntax")?.value,
    lines: likelyLines(text, top),
  };
}

function likelyLines(text: string, top: number): number {
  const from = text.startsWith("#!", top) ? 1 : 0;
  let count = 0;
  for (let at = top; at < text.length; count++) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    if (count >= from && !likely.test(text.slice(at, end))) break;
    at = end + 1;
  }
  return count === from ? 0 : count;
}

interface Found {
  readonly value: string;
  readonly line: number;
  readonly column: number;
}

function scan(text: string, from: number, complain: Complain): ReadonlyMap<string, Found> {
  const found = new Map<string, Found>();
  let line = from > 1 ? 2 : 1;
  for (let at = from; at < text.length; line++) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    const match = directive.exec(text.slice(skipSpace(text, at, end), end));
    const name = match?.[1]?.toLowerCase();
    if (name === undefined || !known.includes(name)) return found;
    const place = { line, column: 1 };
    if (found.has(name)) complain(place, `only one ${name} directive can be used`);
    else found.set(name, { value: match![2]!, ...place });
    at = end + 1;
  }
  return found;
}
