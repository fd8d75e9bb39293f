/** White space as Go's unicode.IsSpace has it, which is not quite JavaScript's. */

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
