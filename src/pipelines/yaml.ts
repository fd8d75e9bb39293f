/** Reads YAML as GitLab does: YAML 1.1 in the dialect of Ruby's Psych, with a header before the content. */
import { isAlias, isMap, isScalar, isSeq, type Pair, parseAllDocuments, type Scalar } from "yaml";
import { scalarValue } from "./scalar.ts";
import {
  isBlank,
  isMap as isYamlMap,
  refuse,
  type Value,
  type YamlMap,
  YamlReference,
} from "./tree.ts";

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
  return type === "PLAIN" && !tag?.endsWith(":str") ? scalarValue(value ?? "") : value;
}

function refuseClass(tag: string | undefined): void {
  if (tag?.startsWith("!ruby/")) refuse("Tried to load unspecified class: Object");
}
