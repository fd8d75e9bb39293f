/** What a pipeline's YAML says, as GitLab holds it, as JSON, and as text. */
import { isObject } from "../json.ts";

/** Whole numbers are `bigint`, so that `1.0` stays apart from `1`. */
type Scalar = string | bigint | number | boolean | null;
export type Value = Scalar | readonly Value[] | YamlMap | YamlReference;

export interface YamlMap extends ReadonlyMap<Value, Value> {}

/** GitLab's `!reference [job, key]`. */
export class YamlReference {
  readonly path: readonly Value[];

  constructor(path: readonly Value[]) {
    this.path = path;
  }
}

export function isText(value: unknown): value is string {
  return typeof value === "string";
}

export function isMap(value: Value | undefined): value is YamlMap {
  return value instanceof Map;
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

/** What a map has under keys in one another; `null` where it has nothing, or is no map. */
export function get(value: Value | undefined, ...keys: readonly string[]): Value {
  return keys.reduce(
    (found, key) => (isMap(found) ? (found.get(key) ?? null) : null),
    value ?? null,
  );
}

/** A list as it is, nothing as none, anything else as the only item. */
export function listOf(value: Value | undefined): readonly Value[] {
  if (isList(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

type Nested<T> = T | readonly Nested<T>[];

/** The items of lists in lists; anything else is the only item, and nothing is none. */
export function flatten<T>(value: Nested<T> | null | undefined): readonly T[] {
  const whole: readonly unknown[] = [value ?? []];
  return whole.flat(Number.POSITIVE_INFINITY) as readonly T[];
}

export function isBlank(value: Value | undefined): boolean {
  if (typeof value === "string") return value.trim() === "";
  if (isList(value)) return value.length === 0;
  if (isMap(value)) return value.size === 0;
  return value === undefined || value === null || value === false;
}

/** One value over another, as `include` and `extends` do it: maps join, anything else is replaced. */
export function merge(below: YamlMap, above: YamlMap): YamlMap {
  const merged = new Map(below);
  for (const [key, value] of above) {
    const under = merged.get(key);
    merged.set(key, isMap(under) && isMap(value) ? merge(under, value) : value);
  }
  return merged;
}

/** A value with others in place of what its lists and maps hold; of the keys, of texts. */
export function rewrite(value: Value, leaf: (value: Value) => Value): Value {
  if (isList(value))
    return value.flatMap((item) => {
      const made = rewrite(item, leaf);
      // A list in place of a text becomes a part of the list around it.
      return isText(item) && isList(made) ? made : [made];
    });
  if (!isMap(value)) return leaf(value);
  const keyOf = (key: Value): Value => (isText(key) ? leaf(key) : key);
  return new Map([...value].map(([key, item]) => [keyOf(key), rewrite(item, leaf)]));
}

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
