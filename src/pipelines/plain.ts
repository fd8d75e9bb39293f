/** What YAML says as JSON, which is what checks look at and what jobs are handed on in, and as text. */
import { isObject } from "../json.ts";
import { isList, isMap, type Value, YamlReference } from "./tree.ts";

/** A value as JSON has it; a key that is set to nothing counts as not given. */
export type Plain = string | number | boolean | null | readonly Plain[] | PlainMap;
export interface PlainMap {
  readonly [key: string]: Plain;
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

/** The text that a value becomes within a text or as a variable. */
export function textOf(value: Value | undefined): string {
  if (value === undefined || value === null) return "";
  if (isList(value) || isMap(value) || value instanceof YamlReference) return inspect(value);
  if (typeof value === "number" && Number.isInteger(value)) return value.toFixed(1);
  return String(value);
}

/** The notation of Ruby, in which GitLab quotes lists. */
export function inspect(value: Value): string {
  if (value === null) return "nil";
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof YamlReference) return `!reference ${inspect(value.path)}`;
  if (isList(value)) return `[${value.map(inspect).join(", ")}]`;
  if (!isMap(value)) return textOf(value);
  const entries = [...value].map(([key, each]) => `:${textOf(key)}=>${inspect(each)}`);
  return `{${entries.join(", ")}}`;
}
