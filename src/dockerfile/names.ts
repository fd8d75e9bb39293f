/** What stands at a place of a word: a variable's name, or characters without a meaning of their own. */

const special = /[@*#?$!-]/y;
const digits = /[0-9]+/y;
const ascii = /[A-Za-z_][A-Za-z0-9_]*/y;
const ordinary = /[^$'"<\\`/}]+/y;
// Made when first needed, since an expression over all of Unicode is slow to make.
let letters: RegExp | undefined;

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
