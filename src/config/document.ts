/** YAML with the place of every key and value, so that a mistake is shown where it stands. */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
} from "yaml";
import type { Problem } from "../errors.ts";
import type { ConfigPlace } from "./config.ts";

export type Path = readonly PropertyKey[];

/** A file as data, with the way back to its text. */
export interface ConfigSource {
  readonly file: string;
  readonly value: unknown;
  /** Where a value stands, or the key of what should hold it where it is not there. */
  place(path: Path): ConfigPlace;
  /** Where the key of a value stands, or the item of a list. */
  keyPlace(path: Path): ConfigPlace;
  /** A scalar as it is spelt; `undefined` where there is none. */
  spelling(path: Path): string | undefined;
}

/** Reads YAML 1.2; problems instead of data where it is not well formed. */
export function readSource(text: string, file: string): ConfigSource | readonly Problem[] {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    merge: true,
    prettyErrors: false,
    logLevel: "error",
  });
  const place = (offset: number): ConfigPlace => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const read = dataOf(document, lines);
  if (!("data" in read)) return read.map(([offset, message]) => ({ ...place(offset), message }));
  return {
    file,
    value: read.data,
    place: (path) => {
      const { node, key, whole } = follow(document, path);
      return place(whole ? (offset(node) ?? key) : key);
    },
    keyPlace: (path) => place(follow(document, path).key),
    spelling: (path) => spelling(document, path),
  };
}

/** An offset, and what is wrong there. */
type Fault = readonly [number, string];

/** The data, or what is wrong with it. An empty file says nothing, as one with an empty mapping does. */
function dataOf(
  document: Document,
  lines: LineCounter,
): { readonly data: unknown } | readonly Fault[] {
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0)
    return faults.map(({ code, message, pos: [start] }) => [
      start,
      code === "DUPLICATE_KEY" ? twice(document, start, lines) : describeFault(code, message),
    ]);
  const at = (nodes: readonly unknown[], message: string) =>
    nodes.map((node): Fault => [offsetOf(node), message]);
  const lostKeys = keysCalledProto(document);
  if (lostKeys.length > 0)
    return at(lostKeys, "the key __proto__ cannot be used: give another name");
  const aliases = aliasesOf(document);
  const tooMany: readonly Fault[] = [[0, "aliases unfold to more than a configuration can hold"]];
  if (aliases.length > mostAliases) return tooMany;
  try {
    return { data: document.toJS() ?? {} };
  } catch (error) {
    const merges = badMerges(document);
    if (merges.length > 0)
      return at(merges, "<< takes a mapping, an alias of one, or a list of them");
    const lost = aliases.filter((alias) => !alias.resolve(document));
    if (lost.length > 0)
      return lost.flatMap((alias) =>
        at([alias], `alias *${alias.source}: nothing before it is marked &${alias.source}`),
      );
    if (error instanceof ReferenceError) return tooMany;
    throw error;
  }
}

interface Found {
  readonly node: unknown;
  /** Offset of the key that leads here, or of the item in a list. */
  readonly key: number;
  /** False where the path goes on but the file does not. */
  readonly whole: boolean;
}

function follow(document: Document, path: Path): Found {
  const node = document.contents;
  return descend(document, { node, key: offsetOf(node), whole: true }, path);
}

function descend(document: Document, from: Found, path: Path): Found {
  const [step, ...rest] = path;
  if (step === undefined) return from;
  const next = child(resolve(document, from.node), step);
  return next === undefined ? { ...from, whole: false } : descend(document, next, rest);
}

function child(node: unknown, step: PropertyKey): Found | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return item === undefined ? undefined : { node: item, key: offsetOf(item), whole: true };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
  return pair && { node: pair.value, key: offsetOf(pair.key), whole: true };
}

function spelling(document: Document, path: Path): string | undefined {
  const { node, whole } = follow(document, path);
  const scalar = resolve(document, node);
  return whole && isScalar(scalar) ? scalar.source : undefined;
}

function resolve(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function offset(node: unknown): number | undefined {
  const known = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node);
  return known ? node.range?.[0] : undefined;
}

function offsetOf(node: unknown): number {
  return offset(node) ?? 0;
}

/** What stands behind `<<` and is no mapping. */
function badMerges(document: Document): readonly unknown[] {
  const bad: unknown[] = [];
  visit(document, {
    Pair: (_key, { key, value }) => {
      if (!isScalar(key) || key.source !== "<<" || key.type !== "PLAIN") return;
      const sources = isSeq(value) ? value.items : [value];
      const isLost = (source: unknown) => isAlias(source) && !source.resolve(document);
      bad.push(...sources.filter((source) => !isMap(resolve(document, source)) && !isLost(source)));
    },
  });
  return bad;
}

/** Keys that zod's records leave out without a word. */
function keysCalledProto(document: Document): readonly unknown[] {
  const found: unknown[] = [];
  visit(document, {
    Pair: (_key, { key }) => {
      if (isScalar(key) && key.value === "__proto__") found.push(key);
    },
  });
  return found;
}

/** To follow one alias the library walks the whole document. */
const mostAliases = 500;

function aliasesOf(document: Document): readonly Alias[] {
  const found: Alias[] = [];
  visit(document, { Alias: (_key, alias) => void found.push(alias) });
  return found;
}

/** Says where a key stands that the one at `start` repeats. */
function twice(document: Document, start: number, lines: LineCounter): string {
  let [name, line] = ["", 0];
  visit(document, {
    Map: (_key, { items }) => {
      const again = items.find(({ key }) => offset(key) === start)?.key;
      if (!isScalar(again)) return;
      const first = items.find(({ key }) => isScalar(key) && key.value === again.value);
      [name, line] = [String(again.value), lines.linePos(offsetOf(first?.key)).line];
    },
  });
  return `key ${name} is there twice, first in line ${line}`;
}

function describeFault(code: string, message: string): string {
  if (code === "MULTIPLE_DOCS") return "a second document begins here; a configuration is one";
  const text = message.replace(/\s+/g, " ");
  return text.charAt(0).toLowerCase() + text.slice(1);
}
