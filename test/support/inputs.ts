/** What a component's input may declare and which values it takes, by the rules of GitLab 17.0. */
import { RE2JS } from "re2js";

/** What the header says about an input, not checked yet. */
export interface Declaration {
  readonly type?: unknown;
  readonly default?: unknown;
  readonly description?: unknown;
  readonly regex?: unknown;
  readonly options?: unknown;
}

const types = ["string", "number", "boolean", "array"];
const keys = ["default", "description", "options", "regex", "type"];
const maxOptions = 50;

export function typeOf(declaration: Declaration): unknown {
  return declaration.type ?? "string";
}

/** Every mistake in a declaration; its default counts as a value that must fit. */
export function declarationProblems(name: string, declaration: Declaration): string[] {
  const type = typeOf(declaration);
  const problems = Object.keys(declaration)
    .filter((key) => !keys.includes(key))
    .map((key) => `has the key ${key}, which GitLab 17.0 does not know`);
  if (!/^[A-Za-z_][\w-]*$/.test(name)) problems.push("is no name that a block can hold");
  if (!types.includes(String(type))) problems.push(`has the type ${type}, which is none`);
  problems.push(...regexProblems(declaration), ...optionsProblems(declaration));
  const told = problems.map((problem) => `input ${name}: ${problem}`);
  if (told.length > 0 || !("default" in declaration)) return told;
  return valueProblems(name, declaration, declaration.default).map((text) => `${text} (default)`);
}

function regexProblems(declaration: Declaration): string[] {
  const { regex } = declaration;
  if (regex === undefined) return [];
  if (typeof regex !== "string" || typeOf(declaration) !== "string")
    return ["has a regex, which only strings have"];
  const { refusal } = compiled(regex);
  return refusal === undefined ? [] : [`has a regex that RE2 refuses: ${refusal}`];
}

function compiled(regex: string): { readonly pattern?: RE2JS; readonly refusal?: string } {
  try {
    return { pattern: RE2JS.compile(regex) };
  } catch (error) {
    return { refusal: (error as Error).message };
  }
}

function optionsProblems(declaration: Declaration): string[] {
  const { options } = declaration;
  if (options === undefined) return [];
  const type = typeOf(declaration);
  if (type !== "string" && type !== "number")
    return ["has options, which only strings and numbers have"];
  if (!Array.isArray(options) || options.length === 0) return ["has options that are no list"];
  if (options.length > maxOptions) return [`has over ${maxOptions} options`];
  const strange = options.filter((option) => typeof option !== type);
  return strange.map((option) => `has the option ${JSON.stringify(option)}, which is no ${type}`);
}

/** Every reason why GitLab would refuse a value. */
export function valueProblems(name: string, declaration: Declaration, value: unknown): string[] {
  const type = typeOf(declaration);
  const shown = JSON.stringify(value);
  if (kindOf(value) !== type) return [`input ${name}: ${shown} is no ${type}`];
  const problems: string[] = [];
  const { regex, options } = declaration;
  // GitLab searches: a regex without ^ and $ accepts whatever contains a match.
  const pattern = typeof regex === "string" ? compiled(regex).pattern : undefined;
  if (pattern?.matcher(String(value)).find() === false)
    problems.push(`input ${name}: ${shown} does not match ${regex}`);
  if (Array.isArray(options) && !options.includes(value))
    problems.push(`input ${name}: ${shown} is none of ${options.join(", ")}`);
  return problems;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return value === null ? "null" : typeof value;
}
