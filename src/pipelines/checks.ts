/** What values may be, in zod's terms and GitLab's words. */
import { ownMember } from "../json.ts";
import * as z from "../zod.ts";
import { isText, type Plain, type PlainMap, plain, type Value } from "./tree.ts";

type Fields = Readonly<Record<string, z.ZodType>>;

export const text = z.string({ error: "should be a string" });
export const name = text.check(z.minLength(1, "can't be blank"));
export const flag = z.boolean({ error: "should be a boolean value" });
export const texts = z.custom<readonly string[]>(isTexts, "should be an array of strings");
export const many = z.preprocess(flat, texts);
export const anything = z.custom<Plain>();

/** One of these; `verb` is GitLab's, which has two. */
export function words(list: string, verb: "should" | "must" = "should") {
  const all = list.split(" ");
  return z.enum(all, { error: `${verb} be one of: ${all.join(", ")}` });
}

/** A map of these keys and no others; those that are not needed may be missing. */
export function record(keys: Fields, needed: Fields = {}): z.ZodType<PlainMap, unknown> {
  const optional = Object.entries(keys).map(([key, type]) => [key, z.optional(type)]);
  const shape = { ...Object.fromEntries(optional), ...needed };
  const schema = z.strictObject(shape, {
    error: ({ code, keys: unknown }) =>
      code === "unrecognized_keys"
        ? `~config contains unknown keys: ${unknown?.join(", ")}`
        : "should be a hash",
  });
  return schema as unknown as z.ZodType<PlainMap, unknown>;
}

/** A text that stands for a map with only this key. */
export function short(key: string) {
  return (value: unknown): unknown => (isText(value) ? { [key]: value } : value);
}

/** Levels of lists in lists. */
export const deepest = 10;

export function isNested(value: unknown, levels: number): boolean {
  if (isText(value)) return true;
  return levels > 0 && Array.isArray(value) && value.every((item) => isNested(item, levels - 1));
}

export function flat(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.flatMap(flat) : [value];
}

export const lines = z.mapped(
  z.custom<Plain>(
    (value) => isNested(value, deepest),
    "should be a string or a nested array of strings up to 10 levels deep",
  ),
  flat,
);

/** Values about which GitLab has words of its own, each with what it is about. */
export function worded(problems: (value: Plain) => readonly string[]) {
  return anything.check(
    z.superRefine((value, context) => {
      for (const message of problems(value))
        context.addIssue({ code: "custom", message: `~${message}` });
    }),
  );
}

/** What the value itself decides. */
export function choose(pick: (value: Plain) => z.ZodType) {
  return z.mapped(anything, (value, context) => {
    const result = pick(value).safeParse(value, z.worded);
    if (result.success) return result.data;
    for (const { path, message } of result.error.issues)
      context.issues.push({ code: "custom", input: value, path: [...path], message });
    return z.NEVER;
  });
}

export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

/** Something where a check fails. */
export function when(isWrong: boolean, problem: string): readonly string[] {
  return isWrong ? [problem] : [];
}

export function unknownKeys(value: PlainMap, allowed: readonly string[]): readonly string[] {
  const unknown = Object.keys(value).filter((key) => !allowed.includes(key));
  return when(unknown.length > 0, `config contains unknown keys: ${unknown.join(", ")}`);
}

/** Of these keys a map has one at most. */
export function apart(value: PlainMap, ...keys: readonly string[]): readonly string[] {
  const both = Object.keys(value).filter((key) => keys.includes(key));
  return when(both.length > 1, `config these keys cannot be used together: ${both.join(", ")}`);
}

/** Checks a value that stands at a place such as `jobs:test`, and brings it into form where nothing is wrong. */
export function checkAt<T>(schema: z.ZodType<T>, value: Value, place: string) {
  const { data, error } = schema.safeParse(plain(value), z.worded);
  const issues = error?.issues ?? [];
  return { data, problems: issues.map(({ path, message }) => tell(place, path, message)) };
}

/** How GitLab calls the items of lists. */
const itemNames: Readonly<Record<string, string>> = { rules: "rule", needs: "need" };

function tell(place: string, path: readonly PropertyKey[], message: string): string {
  if (message.startsWith("~variable definition")) return message.slice(1);
  const keys = path.flatMap((key, index) =>
    typeof key === "number" ? (ownMember(itemNames, String(path[index - 1])) ?? []) : String(key),
  );
  const isWhole = message.startsWith("~");
  const about = keys.length > 1 ? (keys.at(-1) ?? "") : "config";
  const above = keys.length > 1 && !isWhole ? keys.slice(0, -1) : keys;
  const told = isWhole ? message.slice(1) : `${about.replaceAll("_", " ")} ${message}`;
  return `${[place, ...above].filter(Boolean).join(":")} ${told}`.toLowerCase();
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
const byName = new Map(
  units.flatMap(([names, seconds]) => names.split(" ").map((name) => [name, seconds] as const)),
);
const joining = /^(?:and|with|plus)$/;

/** What a time such as `1 hour 30 mins`, `2w` or `3600` means; `undefined` where it is none at all. */
export function seconds(text: string): number | undefined {
  const parts = text.toLowerCase().match(/[\d.]+|[a-z]+|[^\s\w,]+/g) ?? [];
  let sum = 0;
  let amount: number | undefined;
  for (const part of parts.filter((each) => !joining.test(each))) {
    if (/^\d/.test(part)) {
      sum += amount ?? 0;
      amount = Number(part);
      continue;
    }
    const unit = byName.get(part);
    if (unit === undefined || amount === undefined) return undefined;
    sum += amount * unit;
    amount = undefined;
  }
  sum += amount ?? 0;
  return sum > 0 ? Math.floor(sum) : undefined;
}
