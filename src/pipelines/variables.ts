/** Variables as GitLab puts them together and expands them. */
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
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value }],
  );
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
export function override(
  variables: readonly Variable[],
  above: readonly Variable[],
): readonly Variable[] {
  const keys = new Set(above.map(({ key }) => key));
  return [...above, ...variables.filter(({ key }) => !keys.has(key))];
}

const name = "[a-zA-Z_][a-zA-Z0-9_]*";
const once = new RegExp(`\\$(${name})|\\$\\{(${name})\\}|%(${name})%`, "g");
const nested = new RegExp(`\\$\\$|%%|\\$(${name})|\\$\\{(${name})?\\}|%(${name})%`, "g");

/** Puts values in place of `$NAME`, `${NAME}` and `%NAME%`, once; what is unknown stays or vanishes. */
export function expand(text: string, values: Values, unknown: "stays" | "vanishes"): string {
  return text.replace(once, (whole: string, ...found: (string | undefined)[]) => {
    const value = values.get(found[0] ?? found[1] ?? found[2] ?? "");
    return value ?? (unknown === "stays" ? whole : "");
  });
}

interface Expanded {
  readonly values: Values;
  /** GitLab's words where variables name each other in a circle; nothing is expanded then. */
  readonly error?: string;
}

/** Expands variables in one another; those that are unknown vanish. */
export function expandAll(variables: readonly Variable[]): Expanded {
  const components = componentsOf(variables);
  const circles = components.filter((component) => component.length > 1);
  if (circles.length > 0) {
    const told = circles.map((circle) => `[${circle.map(({ key }) => `"${key}"`).join(", ")}]`);
    const error = `circular variable reference detected: ${told.join(", ")}`;
    return { values: valuesOf(variables), error };
  }
  const values = new Map<string, string>();
  for (const { key, value, raw } of components.flat())
    values.set(key, raw === true ? value : expandNested(value, values));
  return { values };
}

function expandNested(text: string, values: Values): string {
  return text.replace(nested, (whole: string, ...found: (string | undefined)[]) => {
    const key = found[0] ?? found[1] ?? found[2];
    return key === undefined ? whole : (values.get(key) ?? "");
  });
}

/** Which variables depend on one another (Tarjan), those that others need before them. */
function componentsOf(variables: readonly Variable[]): readonly (readonly Variable[])[] {
  const byKey = Map.groupBy(variables, ({ key }) => key);
  const lowest = new Map<Variable, number>();
  const open: Variable[] = [];
  const components: (readonly Variable[])[] = [];
  const visit = (variable: Variable): number => {
    const known = lowest.get(variable);
    if (known !== undefined) return known;
    const own = lowest.size;
    const place = open.length;
    lowest.set(variable, own);
    open.push(variable);
    const reached = neededBy(variable).flatMap((key) => (byKey.get(key) ?? []).map(visit));
    const low = Math.min(own, ...reached);
    lowest.set(variable, low);
    if (low < own) return low;
    const component = open.splice(place);
    for (const each of component) lowest.set(each, Number.POSITIVE_INFINITY);
    components.push(component);
    return Number.POSITIVE_INFINITY;
  };
  for (const variable of variables) visit(variable);
  return components;
}

function neededBy({ value, raw }: Variable): readonly string[] {
  if (raw === true) return [];
  return [...value.matchAll(nested)].flatMap(([, plain, braces, percent]) => {
    return plain ?? braces ?? percent ?? [];
  });
}
