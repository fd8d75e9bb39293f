/** What the schema objects to, in words and at the line where it stands. */

import type { Problem } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import type * as z from "../zod.ts";
import type { ConfigSource, Path } from "./document.ts";

type Issue = z.core.$ZodIssue;

/** Turns issues into problems, in the order of the file. */
export function describeIssues(issues: readonly Issue[], source: ConfigSource): readonly Problem[] {
  return withoutEchoes(issues)
    .flatMap((issue) => describe(issue, [], source))
    .sort((a, b) => a.line - b.line || a.column - b.column);
}

function describe(issue: Issue, above: Path, source: ConfigSource): readonly Problem[] {
  const path = [...above, ...issue.path];
  const { file } = source;
  const key = (step: PropertyKey) => source.keyPlace([...path, step]);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.message.split("\n").map((message, index) => ({
        file,
        ...key(issue.keys[index] ?? ""),
        message: labelled(path, message),
      }));
    case "invalid_union":
      return describeUnion(issue, path, source);
    case "invalid_key":
      return issue.issues.map(({ message }) => ({
        file,
        ...source.keyPlace(path),
        message: labelled(path.slice(0, -1), message),
      }));
    default: {
      const value = valueAt(source.value, path);
      return [{ file, ...source.place(path), message: labelled(path, sentence(issue, value)) }];
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
  source: ConfigSource,
): readonly Problem[] {
  const kindsOf = (inner: Issue): readonly string[] => {
    if (inner.path.length > 0) return [];
    if (inner.code === "invalid_type") return [typeName(inner.expected)];
    return inner.code === "invalid_value" ? inner.values.map(String) : [];
  };
  const meant = issue.errors.filter((branch) => branch.flatMap(kindsOf).length === 0);
  const closest = meant.toSorted((a, b) => a.length - b.length)[0];
  if (closest !== undefined)
    return withoutEchoes(closest).flatMap((inner) => describe(inner, path, source));
  const wanted = issue.errors.flat().flatMap(kindsOf);
  const found = kindOf(valueAt(source.value, path));
  const message = `expected ${[...new Set(wanted)].join(" or ")}, found ${found}`;
  return [{ file: source.file, ...source.place(path), message: labelled(path, message) }];
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

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (found, step) =>
      typeof found === "object" && found !== null
        ? (found as Record<PropertyKey, unknown>)[step]
        : undefined,
    value,
  );
}
