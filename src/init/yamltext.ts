/** Texts of a small YAML file, as a person would write them. */

/** A scalar, in quotes where YAML would read it as something else. */
export function scalar(text: string): string {
  const plain = /^[A-Za-z0-9_./$][A-Za-z0-9_./{}$@*?-]*$/.test(text);
  const other = /^(?:true|false|yes|no|on|off|null|~|-+|[\d._+-]+|0[xo].*|\.)$/i.test(text);
  if (plain && !other) return text;
  return text.includes('"') && !text.includes("'") ? `'${text}'` : JSON.stringify(text);
}

/** A list on one line, or one item a line where that would be long. */
export function list(key: string, items: readonly string[]): readonly string[] {
  const inline = `${key}: [${items.map(inList).join(", ")}]`;
  return inline.length <= 100
    ? [inline]
    : [`${key}:`, ...items.map((item) => `  - ${scalar(item)}`)];
}

function inList(text: string): string {
  return /[{}?*]/.test(text) ? JSON.stringify(text) : scalar(text);
}

/** Mappings of texts, lists of texts and the like, in block style. */
export type Node = string | boolean | readonly Node[] | { readonly [key: string]: Node };

export function block(node: Node, indent = ""): readonly string[] {
  if (isList(node)) {
    return node.flatMap((item) => {
      const [first = "", ...rest] = block(item, `${indent}  `);
      return [`${indent}- ${first.trimStart()}`, ...rest];
    });
  }
  if (typeof node !== "object") return [`${indent}${leaf(node)}`];
  return Object.entries(node).flatMap(([key, value]) =>
    typeof value === "object"
      ? [`${indent}${scalar(key)}:`, ...block(value, `${indent}  `)]
      : [`${indent}${scalar(key)}: ${leaf(value)}`],
  );
}

function leaf(value: string | boolean): string {
  return typeof value === "boolean" ? String(value) : scalar(value);
}

function isList(node: Node): node is readonly Node[] {
  return Array.isArray(node);
}

/** The first of a list for a sentence, and how many more there are. */
export function few(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most).join(", ");
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
