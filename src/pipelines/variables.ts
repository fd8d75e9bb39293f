/** Variables as GitLab puts them together and expands them. */
import { present } from "../json.ts";
import type { Values } from "./expression.ts";
import { isMap, textOf, type Value } from "./tree.ts";

export interface Variable {
  readonly key: string;
  readonly value: string;
  /** Its value is no subject of expansion. */
  readonly raw?: boolean;
}

/** Variables by their names, without those that are not set. */
export function listed(values: Readonly<Record<string, string | undefined>>): readonly Variable[] {
  return Object.entries(present(values)).map(([key, value]) => ({ key, value }));
}

/** The variables of a map, as GitLab holds them. */
export function variablesOf(value: Value | undefined): readonly Variable[] {
  if (!isMap(value)) return [];
  return [...value].map(([name, each]) => {
    const key = textOf(name);
    if (!isMap(each)) return { key, value: textOf(each) };
    const expands = each.get("expand") ?? null;
    const raw = expands === null ? {} : { raw: expands === false };
    return { key, value: textOf(each.get("value")), ...raw };
  });
}

/** What variables hold, the last of a name, unexpanded. */
export function valuesOf(variables: readonly Variable[]): Values {
  return new Map(variables.map(({ key, value }) => [key, value]));
}

/** Variables with others over them, the others first. */
export function override(variables: readonly Variable[], above: readonly Variable[]) {
  const keys = new Set(above.map(({ key }) => key));
  return [...above, ...variables.filter(({ key }) => !keys.has(key))];
}

const name = "[a-zA-Z_][a-zA-Z0-9_]*";
const once = new RegExp(`\\$${name}|\\$\\{${name}\\}|%${name}%`, "g");
const nested = new RegExp(`\\$\\$|%%|\\$\\{\\}|${once.source}`, "g");

/** What is named in `$NAME`, `${NAME}` or `%NAME%`; nothing in `$$`, `%%` and `${}`. */
function nameIn(reference: string): string {
  return reference.replace(/\W/g, "");
}

/** Puts values in place of names, once; what is unknown stays or vanishes. */
export function expand(text: string, values: Values, unknown: "stays" | "vanishes"): string {
  const absent = (whole: string): string => (unknown === "stays" ? whole : "");
  return text.replace(once, (whole) => values.get(nameIn(whole)) ?? absent(whole));
}

/**
 * Expands variables in one another; those that are unknown vanish. `error`: GitLab's words where variables name each
 * other in a circle; nothing is expanded then.
 */
export function expandAll(variables: readonly Variable[]) {
  const byKey = Map.groupBy(variables, ({ key }) => key);
  byKey.delete("");
  const components = componentsOf(variables, ({ value, raw }) => {
    const named = raw === true ? [] : [...value.matchAll(nested)];
    return named.flatMap(([whole]) => byKey.get(nameIn(whole)) ?? []);
  });
  const circles = components.filter((component) => component.length > 1);
  if (circles.length > 0) {
    const told = circles.map((circle) => `[${circle.map(({ key }) => `"${key}"`).join(", ")}]`);
    const error = `circular variable reference detected: ${told.join(", ")}`;
    return { values: valuesOf(variables), error };
  }
  const values = new Map<string, string>();
  const inPlace = (whole: string): string => {
    const key = nameIn(whole);
    return key === "" ? whole : (values.get(key) ?? "");
  };
  for (const { key, value, raw } of components.flat())
    values.set(key, raw === true ? value : value.replace(nested, inPlace));
  return { values };
}

/** Which nodes lead to one another (Tarjan), those that others lead to before them. */
export function componentsOf<Node>(
  nodes: readonly Node[],
  next: (node: Node) => readonly Node[],
): readonly (readonly Node[])[] {
  const lowest = new Map<Node, number>();
  const open: Node[] = [];
  const components: (readonly Node[])[] = [];
  const visit = (node: Node): number => {
    const known = lowest.get(node);
    if (known !== undefined) return known;
    const own = lowest.size;
    const place = open.length;
    lowest.set(node, own);
    open.push(node);
    const low = Math.min(own, ...next(node).map(visit));
    lowest.set(node, low);
    if (low < own) return low;
    const component = open.splice(place);
    for (const each of component) lowest.set(each, Number.POSITIVE_INFINITY);
    components.push(component);
    return Number.POSITIVE_INFINITY;
  };
  nodes.forEach(visit);
  return components;
}
