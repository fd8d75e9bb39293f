/** What the schema objects to, in words and at the line where it stands. */

import { byPlace, type Problem } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import type * as z from "../zod.ts";
import type { ConfigSource, Path } from "./document.ts";

export type Issue = z.core.$ZodIssue;

/** A mistake in words, of a key or of its value. */
interface Mistake {
  readonly path: Path;
  readonly isKey: boolean;
  readonly message: string;
}

/** Turns issues into problems, in the order of the file. */
export function describeIssues(issues: readonly Issue[], source: ConfigSource): readonly Problem[] {
  return mistakesOf(issues, source.value)
    .map(({ path, isKey, message }) => ({
      ...(isKey ? source.keyPlace(path) : source.place(path)),
      message,
    }))
    .sort(byPlace);
}

/** What issues say of the data. */
export function mistakesOf(issues: readonly Issue[], value: unknown): readonly Mistake[] {
  return withoutEchoes(issues).flatMap((issue) => describe(issue, [], value));
}

function describe(issue: Issue, above: Path, all: unknown): readonly Mistake[] {
  const path = [...above, ...issue.path];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.message.split("\n").map((message, index) => ({
        path: [...path, issue.keys[index] ?? ""],
        isKey: true,
        message: labelled(path, message),
      }));
    case "invalid_union":
      return describeUnion(issue, path, all);
    case "invalid_key":
      return issue.issues.map(({ message }) => ({
        path,
        isKey: true,
        message: labelled(path.slice(0, -1), message),
      }));
    default: {
      const message = labelled(path, sentence(issue, valueAt(all, path)));
      return [{ path, isKey: false, message }];
    }
  }
}

/** A text where a list belongs has a wrong length too, but its kind is the mistake. */
function withoutEchoes(issues: readonly Issue[]): readonly Issue[] {
  const kinds = new Set(
    issues.filter(({ code }) => code === "invalid_type").map(({ path }) => path.join("\n")),
  );
  return issues.filter(({ code, path }) => code === "invalid_type" || !kinds.has(path.join("\n")));
}

/** Of the branches of a union, the one that the value was meant for is the one of its type; a word is a type of its own. */
function describeUnion(
  issue: Extract<Issue, { code: "invalid_union" }>,
  path: Path,
  all: unknown,
): readonly Mistake[] {
  const kindsOf = (inner: Issue): readonly string[] => {
    if (inner.path.length > 0) return [];
    if (inner.code === "invalid_type") return [typeName(inner.expected)];
    return inner.code === "invalid_value" ? inner.values.map(String) : [];
  };
  const meant = issue.errors.filter((branch) => branch.flatMap(kindsOf).length === 0);
  const closest = meant.toSorted((a, b) => a.length - b.length)[0];
  if (closest !== undefined)
    return withoutEchoes(closest).flatMap((inner) => describe(inner, path, all));
  const wanted = issue.errors.flat().flatMap(kindsOf);
  const found = kindOf(valueAt(all, path));
  const message = `expected ${[...new Set(wanted)].join(" or ")}, found ${found}`;
  return [{ path, isKey: false, message: labelled(path, message) }];
}

function sentence(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case "invalid_type":
      return value === undefined
        ? "is missing"
        : `expected ${typeName(issue.expected)}, found ${kindOf(value)}`;
    case "invalid_value":
      return `${JSON.stringify(value)} is none of ${issue.values.join(", ")}${didYouMean(String(value), issue.values.map(String))}`;
    case "too_small":
      return typeof value === "number" ? `must be at least ${issue.minimum}` : "must not be empty";
    default:
      return issue.message;
  }
}

/** Puts the path before a message, as `images.fedora.context: `. */
function labelled(path: Path, message: string): string {
  const text = path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`))
    .join("");
  return text === "" ? message : `${text.replace(/^\./, "")}: ${message}`;
}

function typeName(expected: string): string {
  const names: Readonly<Record<string, string>> = {
    string: "a text",
    number: "a number",
    int: "a whole number",
    boolean: "true or false",
    array: "a list",
    object: "a mapping",
    record: "a mapping",
  };
  return names[expected] ?? expected;
}

function kindOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return typeof value === "string" ? "a text" : String(value);
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (found, step) =>
      typeof found === "object" && found !== null
        ? (found as Record<PropertyKey, unknown>)[step]
        : undefined,
    value,
  );
}
