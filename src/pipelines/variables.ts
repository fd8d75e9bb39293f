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

/** No person names variables in one another more deeply; what is further down is empty. */
const mostSteps = 100;

/** Expands variables in one another, of a name those before first; those that are unknown, or name themselves, vanish. */
export function expandAll(variables: readonly Variable[]): Values {
  const byKey = Map.groupBy(variables, ({ key }) => key);
  byKey.delete("");
  const values = new Map<string, string>();
  const settle = (key: string, steps: number): string => {
    const known = values.get(key);
    const all = byKey.get(key);
    if (known !== undefined || all === undefined || steps > mostSteps) return known ?? "";
    values.set(key, "");
    const inPlace = (whole: string): string => {
      const name = nameIn(whole);
      return name === "" ? whole : settle(name, steps + 1);
    };
    for (const { value, raw } of all)
      values.set(key, raw === true ? value : value.replace(nested, inPlace));
    return values.get(key) ?? "";
  };
  for (const key of byKey.keys()) settle(key, 0);
  return values;
}
