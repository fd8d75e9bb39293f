/** Characters: white space as Go's unicode.IsSpace has it, and what stands at a place of a word. */

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
