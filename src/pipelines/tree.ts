/** What a pipeline's YAML says, as GitLab holds it. */

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
