/** Inputs of a file: what its header declares, the values that an include gives, and how they are put into keys and texts. */
import { compile, holds, type Values } from "./expression.ts";
import type { Component } from "./ports.ts";
import { refuse } from "./refusal.ts";
import {
  flatten,
  get,
  isHash,
  isList,
  isMap,
  isText,
  merge,
  rewrite,
  textOf,
  type Value,
  type YamlMap,
} from "./tree.ts";
import { expand } from "./variables.ts";
import type { YamlFile } from "./yaml.ts";

const mostErrors = 3;

interface Around {
  /** What the file may know of the component that it belongs to. */
  readonly component?: Component | undefined;
  readonly variables?: Values;
  /** Inputs that are missing or wrong are no mistake. */
  readonly lenient?: boolean;
}

/** A file's content with the inputs that it is given in place; what GitLab refuses of them is a `CiRefusal`. */
export function readContent(file: YamlFile, given: Value, around: Around = {}): YamlMap {
  if (given !== null && !isMap(given)) refuse("Given inputs must be a hash");
  const inputs: YamlMap = given ?? new Map();
  const told = "Given inputs not defined in the `spec` section of the included configuration file";
  if (file.header === undefined) return inputs.size > 0 ? refuse(told) : file.content;
  const declared = get(file.header, "spec", "inputs");
  const { values, errors } = settleInputs(isMap(declared) ? declared : new Map(), inputs);
  if (around.lenient !== true && errors.length > 0) refuse(errors.slice(0, mostErrors).join(", "));
  const asked = flatten(get(file.header, "spec", "component")).map(textOf);
  const component = Object.entries(around.component ?? {}).filter(([key]) => asked.includes(key));
  const known = new Map(Object.entries({ inputs: values, component: new Map(component) }));
  return interpolate(file.content, known, around.variables ?? new Map());
}

/** Gives each declared input its value, in the order of the declarations, since rules may look at earlier ones. */
export function settleInputs(declared: YamlMap, given: YamlMap) {
  const values = new Map<Value, Value>();
  const unknown = [...given.keys()].filter((name) => !declared.has(name));
  const words = `unknown input arguments: ${unknown.map(textOf).join(", ")}`;
  const errors = [...found({ [words]: unknown.length > 0 })];
  for (const [name, declaration] of declared) {
    const one = settle(declaration, given.get(name) ?? null, merge(given, values));
    values.set(name, one.value);
    errors.push(...one.errors.map((error) => `\`${textOf(name)}\` input: ${error}`));
  }
  return { values, errors };
}

function settle(declaration: Value, given: Value, inputs: YamlMap) {
  const rules = get(declaration, "rules");
  const all = isList(rules) ? rules : [];
  const rule = all.find((each) => {
    const condition = get(each, "if");
    return !condition || holds(textOf(condition), { variables: new Map(), inputs });
  });
  const said = (key: string): Value => get(rule, key) ?? get(declaration, key);
  const initial = said("default");
  const value = given === "" && rules !== null ? null : given;
  const hasDefault = [declaration, ...all].some((each) => isMap(each) && each.has("default"));
  const type = textOf(said("type") ?? "string");
  const settled = coerce(type, value ?? initial);
  if (!hasDefault && value === null)
    return { value: settled, errors: ["required value has not been provided"] };
  return { value: settled, errors: value === null ? [] : problemsOf(value, type, said) };
}

/** Text for a string whatever is given; for other types a text is read as JSON. */
function coerce(type: string, value: Value): Value {
  if (type === "string") return textOf(value);
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value, numbers) as Value;
  } catch {
    return value;
  }
}

function numbers(_: string, value: unknown, { source = "" }: { source?: string } = {}): unknown {
  if (isHash(value)) return new Map(Object.entries(value));
  return typeof value === "number" && /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/** `said`: what a declaration has under a key, its rules considered. */
function problemsOf(given: Value, type: string, said: (key: string) => Value) {
  const [allowed, regex] = [said("options"), said("regex")];
  const value = coerce(type, given);
  const text = textOf(value);
  const isAllowed = !isList(allowed) || allowed.some((option) => textOf(option) === text);
  const list = `the list of ${type === "number" ? "the " : ""}allowed options`;
  const isFit = regex === null || compile(textOf(regex))?.matcher(text).find() !== false;
  return found({
    [`provided value is not ${type === "array" ? "an" : "a"} ${type}`]: !isOf(type, value),
    [`\`${text}\` cannot be used because it is not in ${list}`]: !isAllowed,
    "provided value does not match required RegEx pattern": !isFit,
  });
}

/** Of all that may be wrong what is. */
function found(problems: Readonly<Record<string, boolean>>): readonly string[] {
  return Object.keys(problems).filter((problem) => problems[problem]);
}

function isOf(type: string, value: Value): boolean {
  if (type === "array") return isList(value);
  if (type === "number") return typeof value === "bigint" || typeof value === "number";
  return type === "string" || typeof value === type;
}

const block = /\$\[\[\s*(\S.*?\S)\s*\]\]/g;

/** Gives the content with all blocks such as `$[[ inputs.stage | truncate(0, 8) ]]` filled in of `inputs` and `component`; one that cannot be is a `CiRefusal`. */
function interpolate(content: YamlMap, known: YamlMap, variables: Values): YamlMap {
  const fill = (value: Value) => (isText(value) ? replaceText(value, known, variables) : value);
  return rewrite(content, fill) as YamlMap;
}

function replaceText(text: string, known: YamlMap, variables: Values): Value {
  const filledIn = [...text.matchAll(block)].map(([whole, inside = ""]) => {
    return [whole, filled(whole, inside, known, variables)] as const;
  });
  const [[first, only = ""] = [], second] = filledIn;
  if (first === text && second === undefined) return only;
  return filledIn.reduce((made, [whole, value]) => substitute(made, whole, textOf(value)), text);
}

/** As Ruby's gsub does it: a backslash in the new text means a part of the old one. */
function substitute(text: string, whole: string, value: string): string {
  return text.replaceAll(whole, (_, at: number) =>
    value.replace(/\\(?:[0-9&+'`\\]|k<\w*>)/g, (part) => {
      if (part === "\\\\") return "\\";
      if (part === "\\0" || part === "\\&") return whole;
      if (part === "\\`") return text.slice(0, at);
      return part === "\\'" ? text.slice(at + whole.length) : "";
    }),
  );
}

function filled(whole: string, inside: string, known: YamlMap, variables: Values): Value {
  const [access = "", ...functions] = inside.split("|").map((part) => part.trim());
  // Blocks of a matrix wait until its jobs are made.
  if (access.split(".")[0] === "matrix") return whole;
  const found = look(access, known);
  const calls = functions.map((call) => functionOf(call, variables));
  return calls.reduce<Value>((value, call) => call(value), found);
}

function look(access: string, values: YamlMap): Value {
  const segments = access.split(".");
  if (segments.length < 2)
    refuse("invalid pattern used for interpolation. valid pattern is $[[ inputs.input ]]");
  return segments.reduce<Value>((value, segment) => {
    const [, name = segment, indices = ""] = /^(\w+)((?:\[\d+\])+)$/.exec(segment) ?? [];
    const found = isMap(value) ? value.get(name) : undefined;
    if (found === undefined) refuse(`unknown interpolation provided: \`${name}\` in \`${access}\``);
    const steps = [...indices.matchAll(/\d+/g)].map(([index]) => Number(index));
    return steps.reduce<Value>((list, index) => itemOf(list, index, access), found);
  }, values);
}

function itemOf(list: Value, index: number, access: string): Value {
  if (!isList(list)) refuse(`cannot index into non-array value at [${index}] in \`${access}\``);
  const told = `array index ${index} out of bounds (size: ${list.length}) in \`${access}\``;
  return index < list.length ? (list[index] ?? null) : refuse(told);
}

function functionOf(call: string, variables: Values): (value: Value) => Value {
  const [, from, length] = /^truncate\(\s*(\d+)\s*,\s*(\d+)\s*\)?$/.exec(call) ?? [];
  if (from !== undefined)
    return (value) => {
      const signs = [...textIn("truncate", value)];
      return signs.slice(Number(from), Number(from) + Number(length)).join("");
    };
  if (call === "expand_vars") return (value) => expand(textIn(call, value), variables, "stays");
  if (call === "posix_escape") return (value) => shellEscape(textIn(call, value));
  const told = "check that the function name, arguments, and types are correct";
  return refuse(`no function matching \`${call}\`: ${told}`);
}

function textIn(name: string, value: Value): string {
  if (typeof value === "string") return value;
  const told = `invalid input type: ${name} can only be used with string inputs`;
  return refuse(`error in \`${name}\` function: ${told}`);
}

function shellEscape(text: string): string {
  if (text === "") return "''";
  return text.replace(/[^\w\-.,:+/@\n]/g, "\\$&").replaceAll("\n", "'\n'");
}
