/** Component templates as documents: their inputs, and where in the body each of them is used. */
import { type Document, isMap, isScalar, parseAllDocuments, visit } from "yaml";

/** What the header says about an input. */
export interface Declaration {
  readonly type?: unknown;
  readonly default?: unknown;
  readonly description?: unknown;
  readonly regex?: unknown;
  readonly options?: unknown;
}

/** A block in the body, such as `$[[ inputs.stage ]]`. */
export interface Block {
  /** The block as written. */
  readonly text: string;
  readonly name: string;
  /** The whole text that it is part of. */
  readonly whole: string;
  /** It stands in the key of a map. */
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
}

export const blockPattern = /\$\[\[\s*(\S.*?\S)\s*\]\]/g;

export function readTemplate(text: string): Template {
  const documents = parseAllDocuments(text, { version: "1.1" });
  const [header, body] = Array.isArray(documents) ? documents : [];
  if (header === undefined || body === undefined) throw new Error("no header before the body");
  const { spec } = header.toJS() as {
    readonly spec: { readonly inputs: Record<string, Declaration>; readonly component?: string[] };
  };
  return {
    inputs: new Map(Object.entries(spec.inputs).map(([name, one]) => [name, one ?? {}])),
    component: spec.component ?? [],
    body,
    blocks: readBlocks(body),
  };
}

function readBlocks(body: Document): Block[] {
  const blocks: Block[] = [];
  visit(body, {
    Scalar: (key, { value }, ancestors) => {
      if (typeof value !== "string") return;
      const path = ancestors.flatMap((ancestor, index) => step(ancestor, ancestors[index + 1]));
      for (const [text, inside = ""] of value.matchAll(blockPattern))
        blocks.push({
          text,
          name: inside.replace(/^inputs\./, ""),
          whole: value,
          inKey: key === "key",
          path,
        });
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
