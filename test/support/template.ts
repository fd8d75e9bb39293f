/** Component templates read as GitLab reads them: a header that declares inputs, and a body with blocks in it. */
import {
  type Document,
  isMap,
  isScalar,
  parseAllDocuments,
  type Scalar,
  type ScalarTag,
  type Tags,
  visit,
} from "yaml";
import { type Declaration, declarationProblems } from "./inputs.ts";

/** A block in the body, such as `$[[ inputs.stage ]]`. */
export interface Block {
  readonly scalar: Scalar<string>;
  /** The block as written. */
  readonly text: string;
  readonly source: "inputs" | "component";
  readonly name: string;
  /** Nothing but the block is in the scalar, so that the value keeps its type. */
  readonly whole: boolean;
  /** The scalar is a key of a map. */
  readonly inKey: boolean;
  /** The keys above, such as `.berth-tool`, `rules`, `0`, `if`. */
  readonly path: readonly string[];
}

export interface Template {
  readonly inputs: ReadonlyMap<string, Declaration>;
  /** Fields of the component's context that the header asks for; GitLab knows it from 18.6 on. */
  readonly component: readonly string[];
  readonly body: Document;
  readonly blocks: readonly Block[];
  /** What is wrong whatever the inputs' values are; empty where all is well. */
  readonly problems: readonly string[];
}

const contextFields = ["name", "sha", "version", "reference"];
// gitlab: Ci::Config::Interpolation, the pattern of a block and the limits of a block and of a node.
export const blockPattern = /\$\[\[\s*(\S.*?\S)\s*\]\]/g;
const maxBlock = 1024;
const maxScalar = 1024 * 1024;

/** Reads YAML as Psych does (version 1.1), with GitLab's tag `!reference` as a plain list in values. */
export function parseCi(text: string): Document[] {
  const documents = parseAllDocuments(text, {
    version: "1.1",
    customTags: (tags) => [
      ...tags.map(likePsych),
      { tag: "!reference", collection: "seq", identify: () => false, resolve: (seq) => seq },
    ],
  });
  return "empty" in documents ? [] : documents;
}

/** Of the words for booleans in YAML 1.1 Psych leaves out the single letters. */
function likePsych(tag: Tags[number]): Tags[number] {
  if (typeof tag === "string" || tag.tag !== "tag:yaml.org,2002:bool") return tag;
  const test = tag.identify?.(true) ? /^(?:yes|true|on)$/i : /^(?:no|false|off)$/i;
  return { ...(tag as ScalarTag), test };
}

export function readTemplate(text: string): Template {
  const problems: string[] = [];
  const documents = parseCi(text);
  for (const { errors, warnings } of documents)
    problems.push(...[...errors, ...warnings].map(({ message }) => message.trimEnd()));
  const [header, body = parseCi("{}")[0]!] = documents;
  if (documents.length !== 2 || header === undefined)
    return bare(body, [
      ...problems,
      `${documents.length} documents where a header and a body belong`,
    ]);
  if (!isMap(body.contents)) problems.push("the body is not a map");
  const { inputs, component } = readHeader(header, problems);
  const blocks = problems.length > 0 ? [] : readBlocks(body, problems);
  problems.push(...referenceProblems(inputs, component, blocks));
  return { inputs, component, body, blocks, problems };
}

function bare(body: Document, problems: readonly string[]): Template {
  return { inputs: new Map(), component: [], body, blocks: [], problems };
}

function readHeader(header: Document, problems: string[]): Pick<Template, "inputs" | "component"> {
  const top = asRecord(header.toJS());
  const spec = asRecord(top["spec"]);
  problems.push(...strangers("the header", top, ["spec"]));
  problems.push(...strangers("spec", spec, ["inputs", "component"]));
  const component = [spec["component"] ?? []].flat().map(String);
  for (const field of component)
    if (!contextFields.includes(field)) problems.push(`spec:component: ${field} is no field of it`);
  const inputs = new Map<string, Declaration>();
  for (const [name, value] of Object.entries(asRecord(spec["inputs"]))) {
    const declaration = asRecord(value) as Declaration;
    problems.push(...declarationProblems(name, declaration));
    inputs.set(name, declaration);
  }
  return { inputs, component };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function strangers(where: string, found: object, known: readonly string[]): string[] {
  return Object.keys(found)
    .filter((key) => !known.includes(key))
    .map((key) => `${where} has the key ${key}, which GitLab 17.0 does not know`);
}

function readBlocks(body: Document, problems: string[]): Block[] {
  const blocks: Block[] = [];
  visit(body, {
    Scalar: (key, node, ancestors) => {
      if (typeof node.value !== "string" || !node.value.includes("$[[")) return;
      const scalar = node as Scalar<string>;
      const path = [
        ...ancestors.flatMap((ancestor, index) => step(ancestor, ancestors[index + 1])),
      ];
      const place = { scalar, inKey: key === "key", path };
      blocks.push(...blocksOf(place, problems));
    },
  });
  return blocks;
}

/** The key or index that leads from a node to the one below it. */
function step(node: unknown, below: unknown): string[] {
  if (typeof node !== "object" || node === null) return [];
  if ("key" in node && isScalar(node.key)) return [String(node.key.value)];
  if ("items" in node && Array.isArray(node.items) && !isMap(node)) {
    const index = node.items.indexOf(below);
    return index < 0 ? [] : [String(index)];
  }
  return [];
}

function blocksOf(place: Pick<Block, "scalar" | "inKey" | "path">, problems: string[]): Block[] {
  const value = place.scalar.value;
  const where = place.path.join(":");
  if (Buffer.byteLength(value) > maxScalar) problems.push(`${where}: text of over 1 MiB`);
  if (value.replace(blockPattern, "").includes("$[["))
    problems.push(`${where}: $[[ begins no block: ${value.slice(0, 200)}`);
  return [...value.matchAll(blockPattern)].flatMap(([text, data = ""]) => {
    const [access = "", ...functions] = data.split("|").map((part) => part.trim());
    const [source = "", name = "", ...deeper] = access.split(".");
    const faults: string[] = [];
    if (Buffer.byteLength(data) > maxBlock) faults.push("a block of over 1 KiB");
    if (functions.length > 0) faults.push(`functions (${functions.join(", ")}) in ${text}`);
    if (!["inputs", "component"].includes(source) || name === "" || deeper.length > 0)
      faults.push(`${text.slice(0, 200)} is neither an input nor a field of the component`);
    problems.push(...faults.map((fault) => `${where}: ${fault}`));
    if (faults.length > 0) return [];
    return [{ ...place, text, source: source as Block["source"], name, whole: text === value }];
  });
}

function referenceProblems(
  inputs: ReadonlyMap<string, Declaration>,
  component: readonly string[],
  blocks: readonly Block[],
): string[] {
  const declared = { inputs: [...inputs.keys()], component };
  const undeclared = blocks
    .filter(({ source, name }) => !declared[source].includes(name))
    .map(({ path, source, name }) => `${path.join(":")}: ${source}.${name} is not declared`);
  const used = new Set(blocks.filter(({ source }) => source === "inputs").map(({ name }) => name));
  const unused = declared.inputs.filter((name) => !used.has(name));
  return [...undeclared, ...unused.map((name) => `input ${name}: declared, and used nowhere`)];
}
