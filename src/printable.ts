/** Texts of strangers, such as names, files and answers of servers, made fit for a terminal or a job's log; lists for a sentence, words for a shell and for a pattern. */

/** Colours and weights as Node's `styleText` writes them; none of these hides anything. */
const style = String.raw`\u001b\[(?:[0-7]|[239][0-9])m`;

// Control characters, line separators, and what turns the order of letters round.
const control = String.raw`[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]`;
const unfit = new RegExp(`${style}|${control}`, "gu");

/**
 * The text with every control character but tab and line end written as `\u001b` or `\r`; colours stay where
 * `styles` says so. Nothing in it then moves the cursor, hides a line or begins a section of GitLab's log.
 */
export function printable(text: string, { styles = false } = {}): string {
  return text.replace(unfit, (found) => {
    if (found === "\n" || found === "\t") return found;
    if (found.length > 1 && styles) return found;
    return Array.from(found, (char) => (char < " " || char > "~" ? escaped(char) : char)).join("");
  });
}

/** The same on one line. */
export function printableLine(text: string): string {
  return printable(text).replaceAll("\n", String.raw`\n`);
}

function escaped(char: string): string {
  if (char === "\r") return String.raw`\r`;
  return String.raw`\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A pattern, also with the flag `u`, that matches the text and nothing else; `RegExp.escape` came after Node 22. */
export function patternOf(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
}

/** The first of a list for a sentence, and how many more there are. */
export function few(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most).join(", ");
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/** A command line that a shell reads back as the same words. */
export function shellLine(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(" ");
}
