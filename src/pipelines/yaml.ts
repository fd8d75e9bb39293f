/** Reads a pipeline's YAML as GitLab does: anchors, merge keys, `!reference`, a header of inputs before the body. */
import { isAlias, isMap, isScalar, isSeq, type Node, parseAllDocuments, type Scalar } from "yaml";
import { type Mapping, nothing, type PipelineFile, unknown, type Value } from "./value.ts";

/**
 * Gives the body of a file; `undefined` where it is no mapping or cannot be parsed.
 *
 * GitLab has parsed every file of a pipeline that runs, so a file that fails here is one that this
 * parser reads differently, and nothing certain can be said about it.
 */
export function readPipelineYaml(file: PipelineFile): Mapping | undefined {
  const documents = parseAllDocuments(file.text, {
    logLevel: "silent",
    prettyErrors: false,
    uniqueKeys: false,
  });
  const body = Array.isArray(documents) ? documents.at(-1) : undefined;
  if (body === undefined || body.errors.length > 0) return undefined;
  const value = readNode(body.contents, { file, anchors: new Map() });
  return value.kind === "mapping" ? value : undefined;
}

interface Reading {
  readonly file: PipelineFile;
  /** Values by anchor, as far as the file was read: an alias means the last one before it. */
  readonly anchors: Map<string, Value>;
}

function readNode(node: unknown, reading: Reading): Value {
  if (isAlias(node)) return reading.anchors.get(node.source) ?? unknown;
  const value = readUnnamed(node, reading);
  const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
  if (anchor !== undefined) reading.anchors.set(anchor, value);
  return value;
}

function readUnnamed(node: unknown, reading: Reading): Value {
  if (isScalar(node)) return readScalar(node, reading.file);
  if (isSeq(node)) {
    const items = node.items.map((item) => readNode(item, reading));
    if ((node as Node & { tag?: string }).tag !== "!reference") return { kind: "list", items };
    const path = items.flatMap((item) => (item.kind === "text" ? item.text : []));
    return path.length === items.length ? { kind: "reference", path } : unknown;
  }
  if (!isMap(node)) return nothing;
  const merged = new Map<string, Value>();
  const own = new Map<string, Value>();
  for (const { key, value } of node.items) {
    const read = readNode(value, reading);
    const name = isScalar(key) ? spelling(key) : undefined;
    if (name === "<<") for (const [at, what] of mergedEntries(read)) merged.set(at, what);
    else if (name !== undefined) own.set(name, read);
  }
  return { kind: "mapping", entries: new Map([...merged, ...own]), open: false };
}

function readScalar(scalar: Scalar, file: PipelineFile): Value {
  if (scalar.value === null) return nothing;
  return { kind: "text", text: spelling(scalar), file: file.path };
}

/** A number or boolean as it is spelt, so that `3.10` stays what it is. */
function spelling({ value, source }: Scalar): string {
  return typeof value === "string" ? value : (source ?? String(value));
}

/** What `<<` brings: of several mappings the first wins. */
function mergedEntries(value: Value): readonly (readonly [string, Value])[] {
  if (value.kind === "mapping") return [...value.entries];
  return value.kind === "list" ? value.items.toReversed().flatMap(mergedEntries) : [];
}
