/** BuildKit's word lexer: quotes, escapes, variables and their modifiers. */
import { mostExpanded, replace, type Substituted, substitute, usesWord } from "./substitution.ts";
import { ordinaryAt, variableAt, type WordWriter, wordWriter } from "./words.ts";

/** A value that only the engine will know, with the reason. */
export interface Unknown {
  readonly because: string;
}

/** A variable's value; `undefined` where it is not set. */
export type VariableValue = string | Unknown | undefined;
export type Lookup = (name: string) => VariableValue;

export interface LexOptions {
  readonly escape: string;
  /** Without it, variables stay as they are written. */
  readonly lookup?: Lookup;
  /** Keeps quotes and, outside of them, escapes. */
  readonly raw?: boolean;
  /** Collects the words too. */
  readonly words?: boolean;
}

export interface Lexed {
  readonly text: string;
  /** The text split at white space outside of quotes, where that was asked for. */
  readonly words: readonly string[];
  /** Why the engine refuses the text. */
  readonly error: string | undefined;
  /** Why the text cannot be known before the build; `text` is then without the unknown parts. */
  readonly unknown: string | undefined;
  /** The variables that the text refers to. */
  readonly names: ReadonlySet<string>;
  /** Those that are not set although their value is taken as it is. */
  readonly unset: ReadonlySet<string>;
  /** buildah makes another text of a pattern or a demand. */
  readonly apart: boolean;
}

/** What becomes of escape characters; of those that quotes keep from escaping a pattern has two. */
type Escapes = "taken" | "kept" | "pattern";

/** A walk over one text; the only state of the lexer. */
interface Walk extends LexOptions {
  readonly source: string;
  readonly names: Set<string>;
  unset: ReadonlySet<string>;
  apart: boolean;
  at: number;
  escapes: Escapes;
  /** What the innermost substitution writes to. */
  out: WordWriter | undefined;
  error: string | undefined;
  unknown: string | undefined;
  /** How many characters came out of variables. */
  expanded: number;
}

/** Lexes a text as one word and as words. */
export function lex(source: string, options: LexOptions): Lexed {
  const walk: Walk = {
    ...options,
    source,
    names: new Set(),
    unset: new Set(),
    apart: false,
    at: 0,
    escapes: options.raw ? "kept" : "taken",
    out: undefined,
    error: undefined,
    unknown: undefined,
    expanded: 0,
  };
  const { text, words } = until(walk, undefined, walk.escapes);
  return { ...walk, text, words: walk.error === undefined && walk.words ? words : [] };
}

/** Ends the walk: nothing is read after a mistake. */
function fail(walk: Walk, error: string): string {
  walk.error ??= error;
  walk.at = walk.source.length;
  return "";
}

function until(walk: Walk, stop: string | undefined, escapes: Escapes) {
  const { escapes: outerEscapes, out: outer } = walk;
  const out = wordWriter(walk.words);
  Object.assign(walk, { escapes, out });
  let closed = stop === undefined;
  while (walk.at < walk.source.length) {
    const character = walk.source[walk.at]!;
    if (character === stop) {
      walk.at++;
      closed = true;
      break;
    }
    if (character === "$") out.split(dollar(walk));
    else if (character === "'") out.solid(singleQuote(walk));
    else if (character === '"') out.solid(doubleQuote(walk));
    else if (character === "<") out.solid(angle(walk));
    else if (character === walk.escape) out.solid(escaped(walk));
    else out.split(take(walk, ordinaryAt(walk.source, walk.at) || character));
  }
  outer?.forget();
  Object.assign(walk, { escapes: outerEscapes, out: outer });
  if (!closed) fail(walk, `missing '${stop}' in a substitution`);
  return out.end();
}

/** Goes past a text and gives it. */
function take(walk: Walk, text: string): string {
  walk.at += text.length;
  return text;
}

function escaped(walk: Walk): string {
  const next = walk.source[walk.at + 1] ?? "";
  walk.at += 2;
  return walk.escapes === "taken" ? next : walk.escape + next;
}

function singleQuote(walk: Walk): string {
  const end = walk.source.indexOf("'", walk.at + 1);
  if (end < 0) return fail(walk, "a single quote is not closed");
  const text = walk.source.slice(walk.at + 1, end);
  walk.at = end + 1;
  const isPattern = walk.escapes === "pattern";
  const kept = isPattern ? text.replaceAll(walk.escape, walk.escape.repeat(2)) : text;
  return walk.raw ? `'${kept}'` : kept;
}

function doubleQuote(walk: Walk): string {
  const quote = walk.raw ? '"' : "";
  let text = "";
  walk.at++;
  for (;;) {
    const character = walk.source[walk.at];
    if (character === undefined) return fail(walk, "a double quote is not closed");
    if (character === '"') {
      walk.at++;
      return quote + text + quote;
    }
    if (character === "$") text += dollar(walk);
    else if (character === walk.escape) {
      const next = walk.source[walk.at + 1];
      walk.at += 2;
      if (next === undefined) continue;
      const special = next === '"' || next === "$" || next === walk.escape;
      const isTold = special || !walk.raw || walk.escapes === "pattern";
      if (isTold && walk.escapes !== "taken") text += character;
      text += special ? next : character;
      if (!special) walk.at--;
    } else text += take(walk, ordinaryAt(walk.source, walk.at) || character);
  }
}

/** `<<` and the white space after it belong to the word that follows: it may open a heredoc. */
function angle(walk: Walk): string {
  const begin = walk.at++;
  if (walk.source[walk.at] !== "<") return "<";
  walk.at++;
  while (/^[\t\r ]$/.test(walk.source[walk.at] ?? "")) walk.at++;
  return walk.source.slice(begin, walk.at);
}

function dollar(walk: Walk): string {
  const begin = walk.at++;
  if (walk.source[walk.at] === "{") {
    walk.at++;
    return braced(walk) ?? walk.source.slice(begin, walk.at);
  }
  const name = take(walk, variableAt(walk.source, walk.at));
  if (name === "") return "$";
  return walk.lookup === undefined ? walk.source.slice(begin, walk.at) : plain(walk, name);
}

/** What stands between `${` and `}`; `undefined` where variables stay as they are written. */
function braced(walk: Walk): string | undefined {
  const first = walk.source[walk.at];
  if (first === undefined) return fail(walk, "missing '}' in a substitution");
  if (first === "{" || first === "}" || first === ":") return fail(walk, "bad substitution");
  const name = take(walk, variableAt(walk.source, walk.at));
  const operator = walk.source[walk.at++];
  if (operator === "}") return walk.lookup === undefined ? undefined : plain(walk, name);
  if (operator === "/") return replaced(walk, name);
  const colon = operator === ":";
  const modifier = colon ? walk.source[walk.at++] : operator;
  if (modifier === undefined) return fail(walk, "missing '}' in a substitution");
  // Unexpanded, `${name:1}` and the like are left to the shell.
  const isLeft = colon && walk.lookup === undefined && !"#%".includes(modifier);
  if (!isLeft && !(colon ? "+-?" : "+-?#%").includes(modifier)) {
    return fail(walk, `unsupported modifier ${JSON.stringify((colon ? ":" : "") + modifier)}`);
  }
  return modified(walk, name, modifier, colon);
}

function modified(walk: Walk, name: string, operator: string, colon: boolean): string | undefined {
  const { unset, unknown, apart } = walk;
  const escapes = operator === "#" || operator === "%" ? "pattern" : "taken";
  const { text: word } = until(walk, "}", escapes);
  if (walk.error !== undefined) return undefined;
  if (walk.lookup === undefined) return `\${${name}${colon ? ":" : ""}${operator}${word}}`;
  const value = look(walk, name);
  if (value === "unknown") {
    walk.apart ||= colon && operator === "?";
    return "";
  }
  const modifier = { operator, colon, word };
  // What a word that does not count refers to does not count either.
  if (!usesWord(modifier, value.text)) Object.assign(walk, { unset, unknown, apart });
  return settle(walk, substitute(name, modifier, value.text));
}

function replaced(walk: Walk, name: string): string | undefined {
  const all = walk.source[walk.at] === "/";
  if (all) walk.at++;
  const { text: pattern } = until(walk, "/", "pattern");
  const { text: replacement } = until(walk, "}", "kept");
  if (walk.error !== undefined) return undefined;
  if (walk.lookup === undefined) return `\${${name}/${pattern}/${replacement}}`;
  const value = look(walk, name);
  return value === "unknown" ? "" : settle(walk, replace(value.text, pattern, replacement, all));
}

function settle(walk: Walk, substituted: Substituted): string {
  if ("error" in substituted) return fail(walk, substituted.error);
  walk.apart ||= substituted.apart === true;
  return bounded(walk, substituted.text);
}

function plain(walk: Walk, name: string): string {
  const value = look(walk, name);
  if (value === "unknown") return "";
  if (value.text === undefined) walk.unset = new Set([...walk.unset, name]);
  return bounded(walk, value.text ?? "");
}

function bounded(walk: Walk, text: string): string {
  walk.expanded += text.length;
  return walk.expanded > mostExpanded ? fail(walk, "variables expand to more than 64 KiB") : text;
}

function look(walk: Walk, name: string): "unknown" | { readonly text: string | undefined } {
  walk.names.add(name);
  const value = walk.lookup?.(name);
  if (value === undefined || typeof value === "string") return { text: value };
  walk.unknown ??= value.because;
  return "unknown";
}
