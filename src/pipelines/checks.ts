/**
 * What values may be, in GitLab's words: a check lists what is wrong with a value, from a colon on where it is about
 * something within.
 */
import { ownMember } from "../json.ts";
import { isHash, type Plain, type PlainMap } from "./plain.ts";
import { isText } from "./tree.ts";

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

const units: readonly (readonly [names: string, seconds: number])[] = [
  ["seconds second secs sec s", 1],
  ["minutes minute mins min m", 60],
  ["hours hour hrs hr h", 3600],
  ["days day dy d", 86_400],
  ["weeks week wks wk w", 604_800],
  ["months month mos mo", 2_592_000],
  ["years year yrs yr y", 31_557_600],
];

/** What a time such as `1 hour 30 mins`, `2w` or `3600` means; `undefined` where it is none at all. */
export function seconds(text: string): number | undefined {
  let sum = 0;
  const rest = text.toLowerCase().replace(/([\d.]+)\s*([a-z]*)/g, (_, amount, unit: string) => {
    const known = units.find(([names]) => words(names).includes(unit || "s"));
    sum += Number(amount) * (known?.[1] ?? Number.NaN);
    return "";
  });
  const isTime = rest.replace(/and|with|plus|[\s,]/g, "") === "" && sum > 0;
  return isTime ? Math.floor(sum) : undefined;
}

/** `start_in` of what starts later: less than a week. */
export function delayProblems(delay: Plain | undefined): readonly string[] {
  const [week, known] = [604_800, isText(delay) ? seconds(delay) : undefined];
  return found({
    "start in can't be blank": delay === undefined,
    "start in should be a duration": known === undefined,
    "start in should not exceed the limit": (known ?? week) >= week,
  });
}
