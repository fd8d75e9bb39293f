/** How GitLab checks a configuration: shapes of values, each with GitLab's words for what is wrong. */
import { seconds } from "./duration.ts";
import { isExpression } from "./expression.ts";
import { flatten, get, isBlank, isList, isMap, listOf, textOf, type Value } from "./tree.ts";

/** Messages about a value that stands at a place such as `jobs:test:image`. */
export type Shape = (value: Value, place: string) => readonly string[];

/** Messages without the place and what is meant, such as `should be a hash`; nothing is sound unless it is needed. */
export type ValueCheck = (value: Value) => readonly string[];

type Fields = Readonly<Record<string, ValueCheck>>;
type Parts = Readonly<Record<string, Shape>>;

export function words(text: string): readonly string[] {
  return text.split(" ");
}

/** GitLab prints places and messages in small letters. */
export function tell(place: string, problems: readonly string[]): readonly string[] {
  return problems.map((problem) => `${place} ${problem}`.trimStart().toLowerCase());
}

/** The problems of a part of a value, or of all of it, which GitLab calls `config`. */
export function about(name: string, check: ValueCheck, value: Value): readonly string[] {
  return check(value).map((problem) => `${name.replaceAll("_", " ")} ${problem}`);
}

export function one(check: ValueCheck): Shape {
  return (value, place) => tell(place, about("config", check, value));
}

/** The first shape's problems, and where it has none those of the others. */
export function first(shape: Shape, ...others: readonly Shape[]): Shape {
  return (value, place) => {
    const problems = shape(value, place);
    return problems.length > 0 ? problems : others.flatMap((other) => other(value, place));
  };
}

/** A map of these keys and no others. */
export function record(fields: Fields, parts: Parts = {}, more: ValueCheck = () => []): Shape {
  const allowed = [...Object.keys(fields), ...Object.keys(parts)];
  const own: Shape = (value, place) =>
    tell(place, [
      ...about("config", map, value),
      ...about("config", keys(allowed), value),
      ...Object.entries(fields).flatMap(([key, check]) =>
        about(key, check, get(value, key) ?? null),
      ),
      ...more(value),
    ]);
  return first(own, partsOf(parts));
}

/** Parts of a map, each by its own shape; absent ones and those set to nothing are sound. */
export function partsOf(parts: Parts): Shape {
  return (value, place) =>
    Object.entries(parts).flatMap(([key, part]) => {
      const found = get(value, key) ?? null;
      return found === null ? [] : part(found, place === "" ? key : `${place}:${key}`);
    });
}

/** Each value of a map by the same shape. */
export function each(part: Shape): Shape {
  return first(one(map), (value, place) =>
    [...(isMap(value) ? value : [])].flatMap(([key, item]) =>
      part(item ?? new Map(), `${place}:${textOf(key)}`),
    ),
  );
}

/** Each item of a list, or the only one; lists in it count as a part of it. */
export function items(part: Shape, name: string): Shape {
  return (value, place) =>
    flatten(isList(value) ? value : [value]).flatMap((item) => part(item, `${place}:${name}`));
}

function check(holds: (value: Value) => boolean, message: string): ValueCheck {
  return (value) => (value === null || holds(value) ? [] : [message]);
}

export function all(...checks: readonly ValueCheck[]): ValueCheck {
  return (value) => checks.flatMap((inner) => inner(value));
}

/** Nothing does not pass, nor does what is blank. */
export function needed(inner: ValueCheck): ValueCheck {
  // A map stands for nothing here, which is of no other kind.
  return (value) => [...inner(value ?? new Map()), ...(isBlank(value) ? ["can't be blank"] : [])];
}

const isTexts = (value: Value): boolean => isList(value) && value.every(isText);
const isBoolean = (value: Value): boolean => typeof value === "boolean";

export function isText(value: Value): value is string {
  return typeof value === "string";
}

export const anything: ValueCheck = () => [];
export const present: ValueCheck = (value) => (isBlank(value) ? ["can't be blank"] : []);
export const text = check(isText, "should be a string");
export const list = check(isList, "should be an array");
export const map = check(isMap, "should be a hash");
export const boolean = check(isBoolean, "should be a boolean value");
export const texts = check(isTexts, "should be an array of strings");
export const textOrTexts = check(
  (value) => isText(value) || isTexts(value),
  "should be an array of strings or a string",
);
export const mapOrList = check(
  (value) => isMap(value) || isList(value),
  "can only be a hash or an array",
);
export const alphanumeric = check(
  (value) => isText(value) || typeof value === "bigint",
  "must be an alphanumeric string",
);
export const expression = check(isExpression, "invalid expression syntax");

/** Items of a list are looked at one by one. */
export function among(values: readonly string[], message: string): ValueCheck {
  return check((value) => listOf(value).every((item) => values.includes(textOf(item))), message);
}

export function oneOf(values: readonly string[]): ValueCheck {
  return all(text, among(values, `should be one of: ${values.join(", ")}`));
}

export function known(values: readonly string[]): ValueCheck {
  return (value) =>
    value === null || values.includes(textOf(value)) ? [] : [`unknown value: ${textOf(value)}`];
}

/** Names each item of a list that is not among the values. */
export function knownItems(values: readonly string[]): ValueCheck {
  return (value) => strangers("contains unknown values", isList(value) ? value : [], values);
}

export function keys(allowed: readonly string[]): ValueCheck {
  return (value) =>
    strangers("contains unknown keys", isMap(value) ? [...value.keys()] : [], allowed);
}

function strangers(told: string, found: readonly Value[], allowed: readonly string[]) {
  const unknown = found.map(textOf).filter((item) => !allowed.includes(item));
  return unknown.length === 0 ? [] : [`${told}: ${unknown.join(", ")}`];
}

export function required(...names: readonly string[]): ValueCheck {
  return (value) => {
    const missing = names.filter((name) => !isMap(value) || !value.has(name));
    return missing.length === 0 ? [] : [`missing required keys: ${missing.join(", ")}`];
  };
}

/** Of these keys a map has one at most. */
export function apart(...names: readonly string[]): ValueCheck {
  return (value) => {
    const found = isMap(value) ? [...value.keys()].map(textOf) : [];
    const both = found.filter((key) => names.includes(key));
    return both.length < 2 ? [] : [`these keys cannot be used together: ${both.join(", ")}`];
  };
}

export function atMost(count: number, message: string): ValueCheck {
  return check((value) => !isList(value) || value.length <= count, message);
}

/** `limit` in seconds: what is as long is too long. */
export function duration(limit = Number.POSITIVE_INFINITY): ValueCheck {
  const length = (value: Value): number =>
    (isText(value) ? seconds(value) : undefined) ?? Number.NaN;
  return all(
    check((value) => !Number.isNaN(length(value)), "should be a duration"),
    check(
      (value) => length(value) < limit || limit === Number.POSITIVE_INFINITY,
      "should not exceed the limit",
    ),
  );
}

/** Items in lists in lists, down to the tenth level. */
export function nested(item: (value: Value) => boolean, message: string): ValueCheck {
  const fits = (value: Value, levels: number): boolean =>
    item(value) || (levels > 0 && isList(value) && value.every((one) => fits(one, levels - 1)));
  return check((value) => isList(value) && fits(value, 10), message);
}

const deep = "a nested array of strings up to 10 levels deep";
export const nestedTexts = nested(isText, `should be an array of strings or ${deep}`);
