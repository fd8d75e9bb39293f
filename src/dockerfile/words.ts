/** How BuildKit splits an instruction's arguments into words, pairs and JSON; white space is Go's unicode.IsSpace. */

/** A word as written, with its place in the logical line. */
export interface Word {
  readonly text: string;
  readonly at: number;
}

/** Splits at white space, whatever the quotes. */
export function splitWords(line: string, from: number, end: number): readonly Word[] {
  const found = line.slice(from, end).matchAll(/[^\t\v\f\r ]+/g);
  return [...found].map(({ 0: text, index }) => ({ text, at: from + index }));
}

const unquoted = /[^\s\u0085'"\\`]+/y;

/** Splits at white space outside of quotes; quotes and escapes stay in the words. */
export function quotedWords(
  line: string,
  from: number,
  end: number,
  escapeWith: string,
): readonly Word[] {
  const words: Word[] = [];
  let word: { text: string; at: number } | undefined;
  let quote = "";
  for (let index = from; index < end; index++) {
    const character = line[index]!;
    if (quote === "" && isSpaceAt(line, index)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    word ??= { text: "", at: index };
    unquoted.lastIndex = index;
    const run = quote === "" ? unquoted.exec(line)?.[0] : undefined;
    if (run !== undefined) {
      word.text += run.slice(0, end - index);
      index += run.length - 1;
      continue;
    }
    if (character === escapeWith && quote !== "'") {
      // An escape at the very end is dropped.
      if (index + 1 < end) word.text += character + line[++index]!;
      continue;
    }
    if (quote === "" && (character === "'" || character === '"')) quote = character;
    else if (character === quote) quote = "";
    word.text += character;
  }
  if (word !== undefined && word.text !== "") words.push(word);
  return words;
}

/** A name with its value as written. */
export interface Pair {
  readonly name: string;
  readonly value: string;
  readonly at: number;
}

/** Reads the pairs of ENV and LABEL, `name=value …` or the old `name value`; a string is a mistake. */
export function readPairs(
  line: string,
  from: number,
  end: number,
  escapeWith: string,
): readonly Pair[] | { readonly mistake: string; readonly at: number } {
  const words = quotedWords(line, from, end, escapeWith);
  const first = words[0];
  if (first === undefined) return { mistake: "needs at least one argument", at: from };
  if (!first.text.includes("=")) {
    const match = /^([^\t\v\f\r ]*)[\t\v\f\r ]+([\s\S]*)$/.exec(line.slice(from, end));
    if (match === null) return { mistake: "needs a name and a value", at: from };
    return [{ name: match[1]!, value: match[2]!, at: from }];
  }
  const pairs: Pair[] = [];
  for (const word of words) {
    const equals = word.text.indexOf("=");
    if (equals < 0) return { mistake: `has no = in ${JSON.stringify(word.text)}`, at: word.at };
    if (equals === 0) return { mistake: "has a blank name", at: word.at };
    const [name, value] = [word.text.slice(0, equals), word.text.slice(equals + 1)];
    pairs.push({ name, value, at: word.at });
  }
  return pairs;
}

/**
 * Reads arguments in JSON form; `undefined` where they are not JSON, so that BuildKit takes them as text.
 */
export function readJson(text: string): readonly string[] | "mixed" | undefined {
  if (!text.startsWith("[")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const list = value as readonly unknown[];
  return list.every((item) => typeof item === "string") ? (list as readonly string[]) : "mixed";
}

export type WordWriter = ReturnType<typeof wordWriter>;

/** Collects text and, beside it where they are wanted, its words. */
export function wordWriter(wanted = false) {
  const words: string[] = [];
  let text = "";
  let word = "";
  const split = (part: string): void => {
    text += part;
    if (!wanted) return;
    for (let at = 0; at < part.length; at++) {
      if (!isSpaceAt(part, at)) word += part[at]!;
      else if (word !== "") {
        words.push(word);
        word = "";
      }
    }
  };
  const solid = (part: string): void => {
    text += part;
    word += part;
  };
  /** BuildKit loses what stands in a word in front of `${name:-word}` and its kin. */
  const forget = (): void => {
    word = "";
  };
  const end = () => ({ text, words: word === "" ? words : [...words, word] });
  return { split, solid, forget, end };
}

const special = /[@*#?$!-]/y;
const digits = /[0-9]+/y;
const ascii = /[A-Za-z_][A-Za-z0-9_]*/y;
const ordinary = /[^$'"<\\`/}]+/y;
// Made when first needed, since an expression over all of Unicode is slow to make.
let letters: RegExp | undefined;

const blanks = /[ \t]+/y;
const wide = /[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** Every line of every Dockerfile goes through here at start-up, so common characters cost no expression. */
export function isSpaceAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  return wide.test(text[at] ?? "");
}

/** The index of the first character that is not white space, from an index on. */
export function skipSpace(text: string, from: number, end = text.length): number {
  let at = from;
  while (at < end && isSpaceAt(text, at)) {
    // Indentation is long, and an expression is quicker than a loop that is not compiled yet.
    blanks.lastIndex = at;
    at = blanks.test(text) ? blanks.lastIndex : at + 1;
  }
  return Math.min(at, end);
}

/** The index after the last character that is not white space. */
export function endWithoutSpace(text: string): number {
  let end = text.length;
  while (end > 0 && isSpaceAt(text, end - 1)) end--;
  return end;
}

/** A name, a number, or one of the shell's special parameters; empty where there is none. */
export function variableAt(source: string, at: number): string {
  const parameter = match(special, source, at);
  if (parameter !== "") return parameter;
  const name = match(digits, source, at) || match(ascii, source, at);
  const next = source.charCodeAt(at + name.length);
  if (!(next >= 0x80)) return name;
  letters ??= /\p{Nd}+|[\p{L}_][\p{L}\p{Nd}_]*/uy;
  return match(letters, source, at);
}

export function ordinaryAt(source: string, at: number): string {
  return match(ordinary, source, at);
}

function match(expression: RegExp, source: string, at: number): string {
  expression.lastIndex = at;
  return expression.exec(source)?.[0] ?? "";
}
