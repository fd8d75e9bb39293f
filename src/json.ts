/** JSON with one spelling for each value, so that it can be hashed. */

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

/**
 * Prints a value with keys in code unit order and no white space (the shape of RFC 8785).
 *
 * Strings are framed by their quotes, so no two different values print the same.
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** The JSON object that a text is; `undefined` where it is anything else, bytes that are not UTF-8 too. */
export function readObject(text: string | Uint8Array): Record<string, unknown> | undefined {
  try {
    const utf8 = new TextDecoder("utf-8", { fatal: true });
    const value: unknown = JSON.parse(typeof text === "string" ? text : utf8.decode(text));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member by a name that a user or stranger chose; `undefined` for what every object has, such as `constructor`. */
export function ownMember<T>(members: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

/** A value whose members nobody changes, however deep they are. */
export type DeepReadonly<T> = T extends string | number | boolean | null | undefined
  ? T
  : { readonly [Name in keyof T]: DeepReadonly<T[Name]> };

/** The members that are there. */
export function present<T>(members: Readonly<Record<string, T | null | undefined>>) {
  const entries = Object.entries(members);
  const there = entries.filter((entry): entry is [string, T] => entry[1] != null);
  return Object.fromEntries(there);
}
