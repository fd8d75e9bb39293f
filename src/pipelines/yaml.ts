/** Reads YAML as GitLab does: YAML 1.1 in the dialect of Ruby's Psych, with a header before the content. */
import { isAlias, isMap, isNode, isScalar, isSeq, parseAllDocuments, type Scalar } from "yaml";
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
/** What libyaml takes as it is, in quotes and comments too. */
const printable = /^[\t\n\r\u0020-\u007e\u0085\u00a0-\ufffd\u{10000}-\u{10ffff}]*$/u;
const asWritten = { schema: "failsafe", logLevel: "silent", prettyErrors: false } as const;

/** Gives a file's content; what GitLab cannot read, or takes more than so much memory, is a `CiRefusal`. */
export function readYaml(text: string, most = mostBytes): YamlFile {
  const documents = text.split(divider, mostPieces).map((piece) => readDocument(piece, most));
  const maps = documents
    .filter((document) => !isBlank(document))
    .map((document) => (isYamlMap(document) ? document : refuse("Invalid configuration format")));
  const [first] = maps;
  const header = maps.length > 1 && first?.has("spec") ? first : undefined;
  const content = header === undefined ? first : maps.at(-1);
  return { header, content: content ?? new Map() };
}

function readDocument(text: string, most: number): Value {
  if (!printable.test(text))
    refuse("(<unknown>): control characters are not allowed at line 1 column 1");
  // To libyaml U+0085 ends a line.
  const lines = text.replaceAll("\u0085", "\n");
  const [document] = [parseAllDocuments(lines, { ...asWritten, uniqueKeys: false })].flat();
  for (const { message } of document?.errors ?? []) refuse(`(<unknown>): ${message}`);
  const value = readNode(document?.contents, new Map());
  roomBeside(value, most);
  return value;
}

const mostBytes = 2 * 1024 * 1024;
const deepest = 100;

/** What a value leaves of so much memory, which it takes in Ruby at least; that of an alias counts wherever one stands. */
function roomBeside(value: Value, room: number, depth = 0): number {
  let [parts, bytes]: readonly [readonly Value[], number] = [[], 0];
  if (typeof value === "string") bytes = Math.max(40, Buffer.byteLength(value));
  else if (Array.isArray(value)) [parts, bytes] = [value, Math.max(40, 8 * value.length)];
  else if (isYamlMap(value)) [parts, bytes] = [[...value].flat(), Math.max(160, 24 * value.size)];
  const left = parts.reduce<number>((rest, one) => roomBeside(one, rest, depth + 1), room - bytes);
  return left < 0 || depth > deepest ? refuse("The parsed YAML is too big") : left;
}

/** `anchors` holds values as far as the file was read: an alias means the last one before it. */
function readNode(node: unknown, anchors: Map<string, Value>): Value {
  if (isAlias(node)) {
    const absent = `An alias referenced an unknown anchor: ${node.source}`;
    return anchors.get(node.source) ?? refuse(absent);
  }
  const value = readUnnamed(node, (within) => readNode(within, anchors));
  if (isNode(node) && node.anchor !== undefined) anchors.set(node.anchor, value);
  return value;
}

function readUnnamed(node: unknown, read: (within: unknown) => Value): Value {
  if (isSeq(node))
    return node.tag === "!reference"
      ? new YamlReference(node.items.map(read))
      : node.items.map(read);
  if (!isScalar(node) && !isMap(node)) return null;
  if (node.tag?.startsWith("!ruby/")) refuse("Tried to load unspecified class: Object");
  if (isScalar(node)) return readScalar(node as Scalar<string>);
  return new Map(node.items.flatMap(({ key, value }) => entriesOf(read(key), read(value))));
}

/** A merge key counts where it stands: it replaces what is before it, and is replaced by what follows. */
function entriesOf(key: Value, value: Value): readonly (readonly [Value, Value])[] {
  const bases = Array.isArray(value) ? value.toReversed() : [value];
  const isMerge = key === "<<" && bases.every(isYamlMap);
  return isMerge ? bases.flatMap((base) => [...base]) : [[key, value]];
}

function readScalar({ value, type, tag = "" }: Scalar<string>): Value {
  if (tag.endsWith(":binary")) return Buffer.from(value, "base64").toString();
  if (tag.endsWith(":float")) return Number(value);
  if (type !== "PLAIN" || tag.endsWith(":str")) return value;
  const form = plainForms.find(([pattern]) => pattern.test(value));
  return form === undefined ? value : form[1](value);
}

const date = /^\d{4}-(?:1[012]|0\d|\d)-(?:[12]\d|3[01]|0\d|\d)$/;
const time =
  /^-?\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|\s+)\d{1,2}:\d\d:\d\d(?:\.\d*)?(?:\s*(?:Z|[-+]\d{1,2}:?(?:\d\d)?))?$/;

/** Scalars without quotes, as YAML 1.1 has them with a few habits of Psych's own; GitLab loads no dates and times. */
const plainForms: readonly (readonly [pattern: RegExp, read: (text: string) => Value])[] = [
  [/^(?:~|null)?$/i, () => null],
  [/^(?:yes|true|on)$/i, () => true],
  [/^(?:no|false|off)$/i, () => false],
  [time, () => refuse("Tried to load unspecified class: Time")],
  [date, () => refuse("Tried to load unspecified class: Date")],
  [/^:./, (text) => text.replace(/^:["']?/, "").replace(/["']$/, "")],
  [/^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}(\.[0-9_]*)?$/, sexagesimal],
  [/^[-+]?(?!\.$)(?:[0-9][0-9_,]*)?\.[0-9]*(?:[eE][+-][0-9]+)?$/, (text) => Number(digitsOf(text))],
  [/^[-+]?(?:0b_*[01][01_]*|0x_*[\da-fA-F][\da-fA-F_]*|0_*[0-7][0-7_]*)$/, integer],
  [/^[-+]?(?:0|[1-9](?:[,_]?[0-9])*)$/, integer],
];

function digitsOf(text: string): string {
  return text.replace(/[,_]/g, "");
}

/** With a zero before it, it is octal. */
function integer(text: string): bigint {
  const amount = digitsOf(text)
    .replace(/^[-+]/, "")
    .replace(/^0(?=\d)/, "0o");
  return BigInt(amount) * (text.startsWith("-") ? -1n : 1n);
}

/** The first part counts hours, also where there are two. */
function sexagesimal(text: string): bigint | number {
  const parts = text.replaceAll("_", "").split(":").map(Number);
  const sum = parts.reduce((total, part, index) => total + part * 60 ** (2 - index), 0);
  return text.includes(".") ? sum : BigInt(sum);
}
