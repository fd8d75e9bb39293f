/** What YAML says in the form of JSON, which is what checks look at and what jobs are handed on in. */
import { isObject } from "../json.ts";
import { isList, isMap, textOf, type Value, YamlReference } from "./tree.ts";

/** A value as JSON has it; a key that is set to nothing counts as not given. */
export type Plain = string | number | boolean | null | readonly Plain[] | PlainMap;
export interface PlainMap {
  readonly [key: string]: Plain;
}

/** The items of lists in lists; anything else is the only item, and nothing is none. */
export function flat(value: Plain | undefined): readonly Plain[] {
  if (Array.isArray(value)) return value.flatMap(flat);
  return value === undefined ? [] : [value];
}

export function isHash(value: unknown): value is PlainMap {
  return isObject(value);
}

export function plain(value: Value): Plain {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof YamlReference) return textOf(value);
  if (isList(value)) return value.map(plain);
  if (!isMap(value)) return value;
  const given = [...value].filter(([, each]) => each !== null);
  return Object.fromEntries(given.map(([key, each]) => [textOf(key), plain(each)]));
}
