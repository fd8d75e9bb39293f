/** What values may be, in GitLab's words. A check lists what is wrong with a value at a place such as `jobs:test`. */
import { isHash, isText, type Plain, type PlainMap } from "./tree.ts";

/** Levels of lists in lists. */
export const deepest = 10;

export function isNested(value: Plain, levels = deepest): boolean {
  if (isText(value)) return true;
  return levels > 0 && Array.isArray(value) && value.every((item) => isNested(item, levels - 1));
}

export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

/** Of all that may be wrong what is. */
export function found(problems: Readonly<Record<string, boolean>>): readonly string[] {
  return Object.keys(problems).filter((problem) => problems[problem]);
}

export function told(place: string, problems: Readonly<Record<string, boolean>>) {
  return found(problems).map((problem) => `${place} ${problem}`);
}

/** A map that has these keys and no others. */
export function strangeKeys(value: Plain, place: string, allowed: string): readonly string[] {
  if (!isHash(value)) return [`${place} config should be a hash`];
  const unknown = Object.keys(value).filter((key) => !allowed.split(" ").includes(key));
  return told(place, {
    [`config contains unknown keys: ${unknown.join(", ")}`]: unknown.length > 0,
  });
}

/** Of these keys a map has one at most. */
export function apart(value: PlainMap, place: string, ...keys: readonly string[]) {
  const both = Object.keys(value).filter((key) => keys.includes(key));
  const problem = `config these keys cannot be used together: ${both.join(", ")}`;
  return told(place, { [problem]: both.length > 1 });
}

/** Keys of a map that have another type than they should, where it has them. */
export function mistyped(
  value: PlainMap,
  place: string,
  type: "boolean" | "string",
  ...keys: readonly string[]
): readonly string[] {
  const kind = type === "boolean" ? "boolean value" : type;
  return keys
    .filter((key) => Object.hasOwn(value, key) && typeof value[key] !== type)
    .map((key) => `${place} ${key.replaceAll("_", " ")} should be a ${kind}`);
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
    const known = units.find(([names]) => names.split(" ").includes(unit || "s"));
    sum += Number(amount) * (known?.[1] ?? Number.NaN);
    return "";
  });
  const isTime = rest.replace(/and|with|plus|[\s,]/g, "") === "" && sum > 0;
  return isTime ? Math.floor(sum) : undefined;
}

const week = 604_800;

/** `start_in` of what starts later: less than a week. */
export function delayProblems(delay: Plain | undefined, place: string): readonly string[] {
  const known = isText(delay) ? seconds(delay) : undefined;
  return told(place, {
    "start in can't be blank": delay === undefined,
    "start in should be a duration": known === undefined,
    "start in should not exceed the limit": (known ?? week) >= week,
  });
}
