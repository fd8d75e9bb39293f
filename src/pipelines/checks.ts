/**
 * What values may be, in GitLab's words: a check lists what is wrong with a value, from a colon on where it is about
 * something within.
 */
import { ownMember } from "../json.ts";
import { isHash, isText, type Plain, type PlainMap } from "./tree.ts";

export type ValueCheck = (value: Plain) => readonly string[];

export function words(text: string): readonly string[] {
  return text.split(" ");
}

export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

/** Of all that may be wrong what is. */
export function found(problems: Readonly<Record<string, boolean>>): readonly string[] {
  return Object.keys(problems).filter((problem) => problems[problem]);
}

/** The same, and where. */
export function at(place: string, problems: readonly string[]): readonly string[] {
  return problems.map((problem) => `${place}${problem.startsWith(":") ? "" : " "}${problem}`);
}

export function should(isFit: (value: Plain) => boolean, be: string): ValueCheck {
  return (value) => found({ [`config should be ${be}`]: !isFit(value) });
}

/** A map, and what is wrong with its members. */
export function each(check: (value: Plain, key: string) => readonly string[]): ValueCheck {
  return (value) =>
    isHash(value)
      ? Object.entries(value).flatMap(([key, member]) => at(`:${key}`, check(member, key)))
      : ["config should be a hash"];
}

/** A map with checks of what it has under these keys. */
export function map(checks: Readonly<Record<string, ValueCheck>>): ValueCheck {
  return each((value, key) => ownMember(checks, key)?.(value) ?? []);
}

/** A map of these keys and no others; some of them are texts, or booleans. */
export function strict(
  keys: string,
  members: Readonly<Record<string, ValueCheck>> = {},
  texts = "",
  flags = "",
): ValueCheck {
  return (value) => {
    if (!isHash(value)) return map(members)(value);
    const unknown = Object.keys(value).filter((key) => !words(keys).includes(key));
    return [
      ...found({ [`config contains unknown keys: ${unknown.join(", ")}`]: unknown.length > 0 }),
      ...mistyped(value, "string", texts),
      ...mistyped(value, "boolean", flags),
      ...map(members)(value),
    ];
  };
}

/** Of these keys a map has one at most. */
export function apart(value: PlainMap, keys: string): readonly string[] {
  const both = Object.keys(value).filter((key) => words(keys).includes(key));
  const problem = `config these keys cannot be used together: ${both.join(", ")}`;
  return found({ [problem]: both.length > 1 });
}

/** Keys of a map that have another type than they should, where it has them. */
export function mistyped(value: PlainMap, type: "boolean" | "string", keys: string) {
  const kind = type === "boolean" ? "boolean value" : type;
  return words(keys)
    .filter((key) => Object.hasOwn(value, key) && typeof value[key] !== type)
    .map((key) => `${key.replaceAll("_", " ")} should be a ${kind}`);
}
