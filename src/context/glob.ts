/** Go's glob syntax, as `filepath.Match` documents and checks it: `*`, `?`, `[a-z]`, `[^x]`, `\` before a character. */

export interface Glyph {
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
