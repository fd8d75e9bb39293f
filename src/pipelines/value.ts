/** What a pipeline's YAML says, as values that know their file. */

/** One file of a pipeline's configuration. */
export interface PipelineFile {
  /** From the repository's top. */
  readonly path: string;
  readonly text: string;
}

export interface Text {
  readonly kind: "text";
  readonly text: string;
  /** The file that it stands in, from the repository's top. */
  readonly file?: string;
}

export interface List {
  readonly kind: "list";
  readonly items: readonly Value[];
}

export interface Mapping {
  readonly kind: "mapping";
  readonly entries: ReadonlyMap<string, Value>;
  /** A part of it is not at hand, and may say anything about keys that are not among the entries. */
  readonly open: boolean;
}

/** GitLab's `!reference [job, key]`. */
export interface YamlReference {
  readonly kind: "reference";
  readonly path: readonly string[];
}

/** `nothing` is an empty value; `unknown` is one that cannot be told from the files at hand. */
export type Value =
  | Text
  | List
  | Mapping
  | YamlReference
  | { readonly kind: "nothing" }
  | { readonly kind: "unknown" };

export const nothing: Value = { kind: "nothing" };
export const unknown: Value = { kind: "unknown" };
export const emptyMapping: Mapping = { kind: "mapping", entries: new Map(), open: false };
export const openMapping: Mapping = { kind: "mapping", entries: new Map(), open: true };

/** A mapping of texts that stand in no file. */
export function mappingOf(texts: Readonly<Record<string, string>>): Mapping {
  const entries = Object.entries(texts).map(
    ([key, text]) => [key, { kind: "text", text }] as const,
  );
  return { kind: "mapping", entries: new Map(entries), open: false };
}

/** One value over another, as `include` and `extends` do it: mappings join, anything else is replaced. */
export function mergeValues(below: Value, above: Value): Value {
  return below.kind === "mapping" && above.kind === "mapping" ? mergeMappings(below, above) : above;
}

export function mergeMappings(below: Mapping, above: Mapping): Mapping {
  // What is not at hand may replace any key of what lies below it.
  const entries = new Map(above.open ? [] : below.entries);
  for (const [key, value] of above.entries) {
    const under = below.entries.get(key) ?? (below.open ? openMapping : undefined);
    entries.set(key, under === undefined ? value : mergeValues(under, value));
  }
  return { kind: "mapping", entries, open: below.open || above.open };
}

/** What a mapping says about a key: `undefined` where it certainly has none. */
export function entryOf(mapping: Mapping, key: string): Value | undefined {
  return mapping.entries.get(key) ?? (mapping.open ? unknown : undefined);
}

/** The texts of a value that is one or a list of them. */
export function textsOf(value: Value | undefined): readonly Text[] {
  if (value?.kind === "text") return [value];
  return value?.kind === "list" ? value.items.flatMap(textsOf) : [];
}
