/**
 * Patterns of `.dockerignore`, with the meaning that moby's patternmatcher gives them.
 *
 * It checks a pattern with `filepath.Match` and then matches by a regular expression of its own making,
 * so some patterns mean what no documentation says: `[^a]` may be a slash. What it makes of `*` inside a class,
 * of `\d`, and of `|`, `^` and `{2}` beside a wildcard, is refused here rather than imitated.
 */
import { isInName, many, matcher, one, type Piece, perhaps, text } from "./automaton.ts";
import { cleanPath } from "./paths.ts";
import { fitting, type GlobClass, type GlobToken, isReversed, parseGlob } from "./source.ts";

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

interface Part {
  readonly pieces: readonly Piece[];
  /** The way to match that this part asks for; the last one that asks decides. */
  readonly kind?: Kind;
}

function compile(glob: string, tokens: readonly GlobToken[]): ((path: string) => boolean) | string {
  let kind: Kind = "exact";
  const pieces: Piece[] = [];
  for (let at = 0; at < tokens.length; ) {
    const token = tokens[at] as GlobToken;
    const length = doubleStarLength(tokens, at);
    const part: Part | string =
      length > 0 ? doubleStar(kind, at, at + length === tokens.length) : single(token);
    if (typeof part === "string") return part;
    kind = part.kind ?? kind;
    pieces.push(...part.pieces);
    at += Math.max(length, 1);
  }
  if (
    kind === "expression" &&
    tokens
      .map(plainOf)
      .join("")
      .match(/[|^]|\{\d+(?:,\d*)?\}/)
  ) {
    return "|, ^ and {1} beside a wildcard need a backslash, for moby takes them as in regular expressions";
  }
  return matcherOf(kind, glob, pieces);
}

/** The character that stands for itself, or a space. */
function plainOf(token: GlobToken): string {
  return token.kind === "char" && !token.escaped ? token.char : " ";
}

function matcherOf(kind: Kind, glob: string, pieces: readonly Piece[]): (path: string) => boolean {
  if (kind === "exact") return (path) => path === glob;
  if (kind === "prefix") return (path) => path.startsWith(glob.slice(0, -2));
  if (kind === "expression") return matcher(pieces);
  const suffix = glob.slice(2);
  return (path) => path.endsWith(suffix) || `/${path}` === suffix;
}

/** How many tokens `**` takes here, a slash after it included; 0 where there is none. */
function doubleStarLength(tokens: readonly GlobToken[], at: number): number {
  if (tokens[at]?.kind !== "star" || tokens[at + 1]?.kind !== "star") return 0;
  const after = tokens[at + 2];
  return after?.kind === "char" && after.char === "/" && !after.escaped ? 3 : 2;
}

const isInLine = (char: string): boolean => char !== "\n";
const folders = perhaps(many(isInLine), ...text("/"));

function doubleStar(kind: Kind, at: number, isLast: boolean): Part {
  if (at === 0) return { pieces: isLast ? [] : [folders], kind: "suffix" };
  if (!isLast) return { pieces: [folders], kind: "expression" };
  return kind === "exact"
    ? { pieces: [], kind: "prefix" }
    : { pieces: [many(isInLine)], kind: "expression" };
}

function single(token: GlobToken): Part | string {
  if (token.kind === "star") return { pieces: [many(isInName)], kind: "expression" };
  if (token.kind === "any") return { pieces: [one(isInName)], kind: "expression" };
  if (token.kind === "class") return classPiece(token);
  if (token.escaped) return escapedPiece(token.char);
  const part = { pieces: text(token.char) };
  return token.char === "]" ? { ...part, kind: "expression" } : part;
}

function classPiece(token: GlobClass): Part | string {
  const members = token.ranges.flat();
  if (token.ranges.some(isReversed)) return "a range in [ ] runs backwards";
  if (members.some(({ char, escaped }) => !escaped && "*?[".includes(char))) {
    return "*, ? and [ inside [ ] need a backslash";
  }
  if (members.some(({ char, escaped }) => escaped && !isEscapable(char))) {
    return "only punctuation can be escaped inside [ ]";
  }
  return { pieces: [one(fitting(token))], kind: "expression" };
}

/** Letters are classes and edges of Go's regular expressions, which nobody means in a path. */
function escapedPiece(char: string): Part | string {
  return isEscapable(char)
    ? { pieces: text(char), kind: "expression" }
    : `only punctuation can be escaped, not ${char}; write folders with /`;
}

function isEscapable(char: string): boolean {
  return char < "\u0080" && !/[A-Za-z0-9]/.test(char);
}
