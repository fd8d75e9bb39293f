/** Markup as a value: whatever is put into a template is text, unless it was made by a template itself. */

const made: unique symbol = Symbol("markup");

/** Well-formed HTML or XML; only the functions here make one, so data that was read never passes for it. */
export interface Markup {
  readonly [made]: string;
}

type Value = string | number | undefined | Markup | readonly Markup[];

/** The template tag: markup in backticks, values in it escaped; `undefined` is nothing. Attributes need quotes. */
export function markup(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  const text = parts.map((part, index) => part + print(values[index])).join("");
  return { [made]: text };
}

/** Text that is markup already: our own style and script, never anything that was read. */
export function verbatim(text: string): Markup {
  return { [made]: text };
}

export function printMarkup(piece: Markup): string {
  return piece[made];
}

function print(value: Value): string {
  if (value === undefined) return "";
  if (typeof value === "string" || typeof value === "number") return escapeText(String(value));
  return made in value ? value[made] : value.map(printMarkup).join("");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

// What XML 1.0 has no characters for, and HTML no use (section 2.2: control characters, U+FFFE, U+FFFF).
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be taken out
const unprintable = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/g;

/** Text for use between tags and inside quoted attributes, of HTML and XML alike. */
export function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(unprintable, "\ufffd")
    .replace(/[&<>"']/g, (character) => entities[character] ?? "");
}
