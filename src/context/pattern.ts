/**
 * Patterns of `.dockerignore`, with the meaning that moby's patternmatcher gives them.
 *
 * It checks a pattern with `filepath.Match` and then matches by a regular expression of its own making,
 * so some patterns mean what no documentation says: `[^a]` may be a slash, `^` outside a class is an
 * anchor once the pattern has a wildcard, `\d` is a digit. What it makes of `*` inside a class, and of
 * `|` and `{2}` beside a wildcard, is refused here rather than imitated.
 */
import {
  classExpression,
  type GlobClass,
  type GlobToken,
  isReversed,
  literal,
  parseGlob,
} from "./glob.ts";
import { cleanPath } from "./paths.ts";

export interface Pattern {
  /** Begins with `!`: what matches is part of the context after all. */
  readonly exception: boolean;
  /** Whether the pattern matches this very path; parents are the caller's business. */
  readonly matches: (path: string) => boolean;
}

/** Why a pattern cannot be used. */
export interface Malformed {
  readonly malformed: string;
}

/** Reads a pattern; `undefined` where the text holds none. */
export function parsePattern(text: string): Pattern | Malformed | undefined {
  // Cleaned and trimmed once before already, as a line: `/ build /` has become ` build `.
  const trimmed = trimAsGo(text);
  if (trimmed === "") return undefined;
  const cleaned = cleanPath(trimmed);
  const exception = cleaned.startsWith("!");
  const glob = exception ? cleaned.slice(1) : cleaned;
  if (glob === "") return { malformed: "an exception needs a pattern after the !" };
  const tokens = parseGlob(glob);
  if (tokens === undefined) return { malformed: "the pattern's [ ] or \\ is not complete" };
  const matches = compile(glob, tokens);
  return typeof matches === "string" ? { malformed: matches } : { exception, matches };
}

/** Go's `strings.TrimSpace`: unlike JavaScript's, it takes U+0085 and leaves U+FEFF. */
export function trimAsGo(text: string): string {
  const space = "[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
  return text.replace(new RegExp(`^${space}+|${space}+$`, "g"), "");
}

type Kind = "exact" | "prefix" | "suffix" | "expression";

interface Piece {
  readonly expression: string;
  /** The way to match that this piece asks for; the last one that asks decides. */
  readonly kind?: Kind;
}

function compile(glob: string, tokens: readonly GlobToken[]): ((path: string) => boolean) | string {
  let kind: Kind = "exact";
  let expression = "";
  for (let at = 0; at < tokens.length; ) {
    const token = tokens[at] as GlobToken;
    const length = doubleStarLength(tokens, at);
    const piece: Piece | string =
      length > 0 ? doubleStar(kind, at, at + length === tokens.length) : single(token);
    if (typeof piece === "string") return piece;
    kind = piece.kind ?? kind;
    expression += piece.expression;
    at += Math.max(length, 1);
  }
  if (
    kind === "expression" &&
    tokens
      .map(plainOf)
      .join("")
      .match(/\||\{\d+(?:,\d*)?\}/)
  ) {
    return "| and {1} beside a wildcard need a backslash, for moby takes them as in regular expressions";
  }
  return matcher(kind, glob, expression);
}

/** The character that stands for itself, or a space. */
function plainOf(token: GlobToken): string {
  return token.kind === "char" && !token.escaped ? token.char : " ";
}

function matcher(kind: Kind, glob: string, expression: string): (path: string) => boolean {
  if (kind === "exact") return (path) => path === glob;
  if (kind === "prefix") return (path) => path.startsWith(glob.slice(0, -2));
  if (kind === "suffix") {
    const suffix = glob.slice(2);
    return (path) => path.endsWith(suffix) || `/${path}` === suffix;
  }
  const compiled = new RegExp(`^${expression}$`, "u");
  return (path) => compiled.test(path);
}

/** How many tokens `**` takes here, a slash after it included; 0 where there is none. */
function doubleStarLength(tokens: readonly GlobToken[], at: number): number {
  if (tokens[at]?.kind !== "star" || tokens[at + 1]?.kind !== "star") return 0;
  const after = tokens[at + 2];
  return after?.kind === "char" && after.char === "/" && !after.escaped ? 3 : 2;
}

function doubleStar(kind: Kind, at: number, isLast: boolean): Piece {
  if (at === 0) return { expression: isLast ? "" : "(?:[^\\n]*/)?", kind: "suffix" };
  if (!isLast) return { expression: "(?:[^\\n]*/)?", kind: "expression" };
  return kind === "exact"
    ? { expression: "", kind: "prefix" }
    : { expression: "[^\\n]*", kind: "expression" };
}

function single(token: GlobToken): Piece | string {
  if (token.kind === "star") return { expression: "[^/]*", kind: "expression" };
  if (token.kind === "any") return { expression: "[^/]", kind: "expression" };
  if (token.kind === "class") return classPiece(token);
  if (token.escaped) return escapedPiece(token.char);
  if (token.char === "^") return { expression: "^" };
  const piece = { expression: literal(token.char) };
  return token.char === "]" ? { ...piece, kind: "expression" } : piece;
}

function classPiece(token: GlobClass): Piece | string {
  const members = token.ranges.flat();
  if (token.ranges.some(isReversed)) return "a range in [ ] runs backwards";
  if (members.some(({ char, escaped }) => !escaped && "*?[".includes(char))) {
    return "*, ? and [ inside [ ] need a backslash";
  }
  if (members.some(({ char, escaped }) => escaped && !isEscapable(char))) {
    return "only punctuation can be escaped inside [ ]";
  }
  return { expression: classExpression(token), kind: "expression" };
}

/** Letters after a backslash that Go's regular expressions give a meaning, in JavaScript's words. */
const goEscapes: Readonly<Record<string, string>> = {
  d: "[0-9]",
  D: "[^0-9]",
  w: "[0-9A-Za-z_]",
  W: "[^0-9A-Za-z_]",
  s: "[\\t\\n\\f\\r ]",
  S: "[^\\t\\n\\f\\r ]",
  b: "\\b",
  B: "\\B",
  A: "^",
  z: "$",
  a: "\\u{7}",
  f: "\\f",
  n: "\\n",
  r: "\\r",
  t: "\\t",
  v: "\\v",
};

function escapedPiece(char: string): Piece | string {
  const expression = isEscapable(char) ? literal(char) : goEscapes[char];
  return expression === undefined
    ? `\\${char} has no meaning; write folders with /`
    : { expression, kind: "expression" };
}

function isEscapable(char: string): boolean {
  return char < "\u0080" && !/[A-Za-z0-9]/.test(char);
}
