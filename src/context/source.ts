/**
 * What a Dockerfile takes from its context: the sources of COPY, ADD and bind mounts, and their wildcards in Go's syntax,
 * as `filepath.Match` documents and checks it: `*`, `?`, `[a-z]`, `[^x]`, `\` before a character.
 */
import { isInName, many, matcher, one, type Piece } from "./automaton.ts";
import { elementsBelowRoot } from "./paths.ts";

/** One source of COPY, ADD or a bind mount; `line` is where the Dockerfile names it. */
export type ContextSource =
  | {
      readonly kind: "path";
      /** As written, after expansion of variables: below the context's folder, `/` and `./` allowed before it. */
      readonly pattern: string;
      /** Whether `*`, `?`, `[ ]` and `\` have a meaning. */
      readonly wildcards: boolean;
      /** What links below it lead to is taken too. */
      readonly follow?: true | undefined;
      readonly line: number;
    }
  | { readonly kind: "everything"; readonly line: number };

/** One element of a source's path. */
export type ElementMatch =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "glob"; readonly matches: (name: string) => boolean };

/** Reads a source's path; `undefined` where its wildcards are malformed. */
export function parsePath(
  pattern: string,
  wildcards: boolean,
): readonly ElementMatch[] | undefined {
  const parsed = elementsBelowRoot(pattern).map((element) =>
    wildcards ? parseElement(element) : ({ kind: "name", name: element } as const),
  );
  return parsed.every((element) => element !== undefined) ? parsed : undefined;
}

export function fits(element: ElementMatch, name: string): boolean {
  return element.kind === "glob" ? element.matches(name) : element.name === name;
}

/** Makes a test of paths (of files, below the context's folder): does a source reach them by its own name? */
export function sourceMatcher(source: ContextSource): (path: string) => boolean {
  if (source.kind === "everything") return () => true;
  const elements = parsePath(source.pattern, source.wildcards);
  return (path) => {
    const names = path.split("/");
    return elements?.every((element, at) => fits(element, names[at] ?? "")) ?? false;
  };
}

/** Reads an element of a pattern, a wildcard of Go's `filepath.Match`; `undefined` where its syntax is wrong. */
export function parseElement(element: string): ElementMatch | undefined {
  const tokens = parseGlob(element);
  if (tokens === undefined) return undefined;
  const chars = tokens.map((token) => (token.kind === "char" ? token.char : undefined));
  if (chars.every((char) => char !== undefined)) return { kind: "name", name: chars.join("") };
  return { kind: "glob", matches: matcher(tokens.map(pieceOf)) };
}

function pieceOf(token: GlobToken): Piece {
  if (token.kind === "char") return one((char) => char === token.char);
  return token.kind === "star"
    ? many(isInName)
    : one(token.kind === "any" ? isInName : fitting(token));
}

interface Glyph {
  readonly char: string;
  readonly escaped: boolean;
}

export type GlobToken =
  | (Glyph & { readonly kind: "char" })
  | { readonly kind: "star" }
  | { readonly kind: "any" }
  | GlobClass;

export interface GlobClass {
  readonly kind: "class";
  readonly negated: boolean;
  /** Each from its first to its last character. */
  readonly ranges: readonly (readonly [Glyph, Glyph])[];
}

interface Read<T> {
  readonly value: T;
  readonly next: number;
}

/** Takes a pattern apart; `undefined` where Go says "syntax error in pattern". */
export function parseGlob(pattern: string): readonly GlobToken[] | undefined {
  const chars = [...pattern];
  const tokens: GlobToken[] = [];
  for (let at = 0; at < chars.length; ) {
    const read = readToken(chars, at);
    if (read === undefined) return undefined;
    tokens.push(read.value);
    at = read.next;
  }
  return tokens;
}

function readToken(chars: readonly string[], at: number): Read<GlobToken> | undefined {
  const char = chars[at] ?? "";
  if (char === "*") return { value: { kind: "star" }, next: at + 1 };
  if (char === "?") return { value: { kind: "any" }, next: at + 1 };
  if (char === "[") return readClass(chars, at + 1);
  if (char !== "\\") return { value: { kind: "char", char, escaped: false }, next: at + 1 };
  const escaped = chars[at + 1];
  if (escaped === undefined) return undefined;
  return { value: { kind: "char", char: escaped, escaped: true }, next: at + 2 };
}

function readClass(chars: readonly string[], start: number): Read<GlobClass> | undefined {
  const negated = chars[start] === "^";
  const ranges: (readonly [Glyph, Glyph])[] = [];
  let at = negated ? start + 1 : start;
  while (ranges.length === 0 || chars[at] !== "]") {
    const low = readMember(chars, at);
    if (low === undefined) return undefined;
    const high = chars[low.next] === "-" ? readMember(chars, low.next + 1) : low;
    if (high === undefined) return undefined;
    ranges.push([low.value, high.value]);
    at = high.next;
  }
  return { value: { kind: "class", negated, ranges }, next: at + 1 };
}

/** One character of a class; `-` and `]` need a backslash, and the class must go on after it. */
function readMember(chars: readonly string[], at: number): Read<Glyph> | undefined {
  const escaped = chars[at] === "\\";
  const char = chars[escaped ? at + 1 : at];
  if (char === undefined || (!escaped && (char === "-" || char === "]"))) return undefined;
  const next = escaped ? at + 2 : at + 1;
  return next < chars.length ? { value: { char, escaped }, next } : undefined;
}

/** Makes a test for the characters of a class; a range from high to low holds nothing. */
export function fitting({ negated, ranges }: GlobClass): (char: string) => boolean {
  return (char) => {
    const code = codeOf(char);
    return (
      ranges.some(([low, high]) => codeOf(low.char) <= code && code <= codeOf(high.char)) !==
      negated
    );
  };
}

export function isReversed([low, high]: readonly [Glyph, Glyph]): boolean {
  return codeOf(low.char) > codeOf(high.char);
}

function codeOf(char: string): number {
  return char.codePointAt(0) ?? 0;
}
