/** Reads YAML as GitLab does: YAML 1.1 in the dialect of Ruby's Psych, with a header before the content. */
import { isAlias, isMap, isScalar, isSeq, type Pair, parseAllDocuments, type Scalar } from "yaml";
import { refuse } from "./refusal.ts";
import { isBlank, isMap as isYamlMap, type Value, type YamlMap, YamlReference } from "./tree.ts";

/** A file of a pipeline's configuration. */
export interface YamlFile {
  /** The document with `spec`, where there is one before the content. */
  readonly header: YamlMap | undefined;
  readonly content: YamlMap;
}

/** Documents are told apart by these lines before anything is parsed, so anchors do not cross them. */
const divider = /^---\s+/m;
const mostPieces = 3;

/** Gives a file's content; what GitLab cannot read is a `CiRefusal`. */
export function readYaml(text: string): YamlFile {
  const documents = text
    .split(divider, mostPieces)
    .map(readDocument)
    .filter((document) => !isBlank(document));
  const maps = documents.map((document) =>
    isYamlMap(document) ? document : refuse("Invalid configuration format"),
  );
  const [first] = maps;
  const header = maps.length > 1 && first?.has("spec") ? first : undefined;
  const content = header === undefined ? first : maps.at(-1);
  return { header, content: content ?? new Map() };
}

function readDocument(text: string): Value {
  const documents = parseAllDocuments(text, {
    schema: "failsafe",
    logLevel: "silent",
    prettyErrors: false,
    uniqueKeys: false,
  });
  const document = Array.isArray(documents) ? documents[0] : undefined;
  const [error] = document?.errors ?? [];
  if (error !== undefined) refuse(`(<unknown>): ${error.message}`);
  return readNode(document?.contents, new Map());
}

/** `anchors` holds values as far as the file was read: an alias means the last one before it. */
function readNode(node: unknown, anchors: Map<string, Value>): Value {
  if (isAlias(node))
    return (
      anchors.get(node.source) ?? refuse(`An alias referenced an unknown anchor: ${node.source}`)
    );
  const value = readUnnamed(node, anchors);
  const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
  if (anchor !== undefined) anchors.set(anchor, value);
  return value;
}

function readUnnamed(node: unknown, anchors: Map<string, Value>): Value {
  if (isScalar(node)) return readScalar(node as Scalar<string>);
  if (isSeq(node)) {
    const items = node.items.map((item) => readNode(item, anchors));
    return node.tag === "!reference" ? new YamlReference(items) : items;
  }
  if (!isMap(node)) return null;
  refuseClass(node.tag);
  const map = new Map<Value, Value>();
  for (const pair of node.items) addPair(map, pair, anchors);
  return map;
}

/** A merge key counts where it stands: it replaces what is before it, and is replaced by what follows. */
function addPair(map: Map<Value, Value>, pair: Pair, anchors: Map<string, Value>): void {
  const key = readNode(pair.key, anchors);
  const value = readNode(pair.value, anchors);
  const bases = Array.isArray(value) ? value.toReversed() : [value];
  if (key !== "<<" || !bases.every(isYamlMap)) map.set(key, value);
  else for (const base of bases) for (const [name, each] of base) map.set(name, each);
}

function readScalar({ value, type, tag }: Scalar<string>): Value {
  refuseClass(tag);
  if (tag?.endsWith(":binary")) return Buffer.from(value, "base64").toString();
  if (tag?.endsWith(":float")) return Number(value);
  return type === "PLAIN" && !tag?.endsWith(":str") ? plainValue(value ?? "") : value;
}

function refuseClass(tag: string | undefined): void {
  if (tag?.startsWith("!ruby/")) refuse("Tried to load unspecified class: Object");
}

const date = /^\d{4}-(?:1[012]|0\d|\d)-(?:[12]\d|3[01]|0\d|\d)$/;
const time =
  /^-?\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|\s+)\d{1,2}:\d\d:\d\d(?:\.\d*)?(?:\s*(?:Z|[-+]\d{1,2}:?(?:\d\d)?))?$/;
const base60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}(\.[0-9_]*)?$/;
const float = /^[-+]?(?:[0-9][0-9_,]*)?\.[0-9]*(?:[eE][+-][0-9]+)?$/;
const integers: readonly (readonly [pattern: RegExp, prefix: string])[] = [
  [/^[-+]?0b_*[01][01_]*$/, "0b"],
  [/^[-+]?0_*[0-7][0-7_]*$/, "0o"],
  [/^[-+]?(?:0|[1-9](?:[0-9]|,[0-9]|_[0-9])*)$/, ""],
  [/^[-+]?0x_*[0-9a-fA-F][0-9a-fA-F_]*$/, "0x"],
];
const words: readonly (readonly [pattern: RegExp, value: boolean | null])[] = [
  [/^(?:~|null)$/i, null],
  [/^(?:yes|true|on)$/i, true],
  [/^(?:no|false|off)$/i, false],
];

/** The value of a scalar without quotes, as YAML 1.1 has it with a few habits of Psych's own; dates and times are a `CiRefusal`, since GitLab loads no such class. */
function plainValue(text: string): Value {
  if (text === "") return null;
  const word = words.find(([pattern]) => pattern.test(text));
  if (word !== undefined) return word[1];
  if (time.test(text)) refuse("Tried to load unspecified class: Time");
  if (date.test(text)) refuse("Tried to load unspecified class: Date");
  if (/^:./.test(text)) return text.replace(/^:["']?/, "").replace(/["']$/, "");
  return numberValue(text) ?? text;
}

function numberValue(text: string): bigint | number | undefined {
  if (base60.test(text)) return sexagesimal(text);
  const digits = text.replace(/[,_]/g, "");
  if (float.test(text)) return /^[-+]?\.$/.test(text) ? undefined : Number(digits);
  const found = integers.find(([pattern]) => pattern.test(text));
  if (found === undefined) return undefined;
  const [, prefix] = found;
  const [, sign, amount = ""] = /^([-+]?)(?:0[bx]?(?=.))?(.*)$/.exec(digits) ?? [];
  return BigInt(`${prefix}${amount}`) * (sign === "-" ? -1n : 1n);
}

/** The first part counts hours, also where there are two. */
function sexagesimal(text: string): bigint | number {
  const parts = text.replaceAll("_", "").split(":").map(Number);
  const sum = parts.reduce((total, part, index) => total + part * 60 ** (2 - index), 0);
  return text.includes(".") ? sum : BigInt(sum);
}
