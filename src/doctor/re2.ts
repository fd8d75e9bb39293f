/** Patterns of GitLab's settings, which are RE2, tried on tag names. */

/** What JavaScript reads differently from RE2, or not at all. */
const foreign = /\[\[:|\\[QCpP]|\(\?[a-zA-Z]*U/;

/**
 * Compiles an RE2 pattern (google/re2, wiki: Syntax); `undefined` where it is none, or uses what only RE2 has.
 *
 * `whole` wants the whole name to match, as GitLab's cleanup policies do; otherwise a part is enough.
 */
export function compileRe2(
  pattern: string,
  { whole }: { readonly whole: boolean },
): ((text: string) => boolean) | undefined {
  if (foreign.test(pattern)) return undefined;
  const [, flags = "", rest = pattern] = /^\(\?([ims]+)\)(.*)$/s.exec(pattern) ?? [];
  const source = rest
    .replaceAll("(?P<", "(?<")
    .replace(/\\[\s\S]/g, (text) => anchors.get(text) ?? text);
  try {
    const expression = new RegExp(whole ? `^(?:${source})$` : source, flags);
    return (text) => expression.test(text);
  } catch {
    return undefined;
  }
}

const anchors: ReadonlyMap<string, string> = new Map([
  ["\\A", "^"],
  ["\\z", "$"],
]);
