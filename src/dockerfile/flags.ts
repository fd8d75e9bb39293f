/** The `--name=value` flags of an instruction, and the fields of a mount. */

import { isSpaceAt, skipSpace } from "./words.ts";

/** A text without its quotes and escapes, with where each character stands in the logical line. */
export interface Spelled {
  readonly text: string;
  readonly at: readonly number[];
}

export interface Flag {
  /** In lower case nowhere: flags are case-sensitive. */
  readonly name: string;
  readonly value: Spelled | undefined;
  /** The index of its first character in the logical line. */
  readonly at: number;
}

/**
 * Reads the flags at the front of an instruction's arguments, and where they end; quotes and escapes work as in words.
 */
export function readFlags(
  line: string,
  from: number,
  escapeWith: string,
): { readonly flags: readonly Flag[]; readonly end: number } {
  const flags: Flag[] = [];
  let at = from;
  for (;;) {
    at = skipSpace(line, at);
    if (!line.startsWith("--", at)) return { flags, end: at };
    const { word, end } = readWord(line, at, escapeWith);
    if (word.text === "--") return { flags, end };
    const [name, value] = halves(word);
    flags.push({ name: name.slice(2), value, at });
    at = end;
  }
}

function readWord(line: string, from: number, escapeWith: string) {
  const at: number[] = [];
  let text = "";
  let quote = "";
  let index = from;
  for (; index < line.length; index++) {
    let character = line[index]!;
    if (quote === "" && isSpaceAt(line, index)) break;
    if (quote === "" && (character === "'" || character === '"')) quote = character;
    else if (character === quote) quote = "";
    else {
      if (character === escapeWith) {
        if (index + 1 === line.length) continue;
        character = line[++index]!;
      }
      text += character;
      at.push(index);
    }
  }
  return { word: { text, at }, end: index };
}

/** A name and what stands behind its `=`, where there is one. */
function halves(spelled: Spelled): readonly [string, Spelled | undefined] {
  const equals = spelled.text.indexOf("=");
  if (equals < 0) return [spelled.text, undefined];
  return [spelled.text.slice(0, equals), slice(spelled, equals + 1)];
}

export function slice(spelled: Spelled, from: number, to?: number): Spelled {
  return { text: spelled.text.slice(from, to), at: spelled.at.slice(from, to) };
}

/** One field of a mount: `key=value`, or `key` alone. */
export interface Field {
  readonly key: string;
  readonly value: Spelled | undefined;
}

/** Reads the comma-separated fields of a mount, with CSV's quotes; `undefined` where they are malformed. */
export function readFields(mount: Spelled): readonly Field[] | undefined {
  const { text } = mount;
  const fields: Field[] = [];
  for (let at = 0; at <= text.length; at++) {
    const quoted = text[at] === '"';
    const end = quoted ? closingQuote(text, at + 1) : endOfField(text, at);
    if (end === undefined || (!quoted && text.slice(at, end).includes('"'))) return undefined;
    const [key, value] = halves(quoted ? unquoted(mount, at + 1, end) : slice(mount, at, end));
    fields.push({ key: key.toLowerCase(), value });
    at = quoted ? end + 1 : end;
    if (at < text.length && text[at] !== ",") return undefined;
  }
  return fields;
}

function endOfField(text: string, from: number): number {
  const comma = text.indexOf(",", from);
  return comma < 0 ? text.length : comma;
}

function closingQuote(text: string, from: number): number | undefined {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return undefined;
}

/** The inside of a quoted field, where two quotes stand for one. */
function unquoted(mount: Spelled, from: number, to: number): Spelled {
  const at: number[] = [];
  let text = "";
  for (let index = from; index < to; index++) {
    text += mount.text[index]!;
    at.push(mount.at[index]!);
    if (mount.text[index] === '"') index++;
  }
  return { text, at };
}
