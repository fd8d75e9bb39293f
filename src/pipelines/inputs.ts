/** Inputs of a file: what its header declares, and the values that an include gives. */
import { apart, at, each, found, strict } from "./checks.ts";
import { compile, holds, type Values } from "./expression.ts";
import { interpolate } from "./interpolate.ts";
import { isHash, type Plain, plain, textOf } from "./plain.ts";
import type { Component } from "./ports.ts";
import { refuse } from "./refusal.ts";
import { flatten, get, isList, isMap, merge, type Value, type YamlMap } from "./tree.ts";
import type { YamlFile } from "./yaml.ts";

const types = ["array", "boolean", "number", "string"];
const mostOptions = 50;
const mostErrors = 3;

function inputProblems(input: Plain): readonly string[] {
  if (!isHash(input)) return ["config should be a hash"];
  const { description, regex, type = "string", options = [] } = input;
  const all = Array.isArray(options) ? options : [];
  const isTold = /string|number|undefined/.test(typeof description);
  return [
    ...found({
      "input description must be an alphanumeric string": !isTold,
      "input regex should be a string": !/string|undefined/.test(typeof regex),
      [`input type unknown value: ${type}`]: !types.includes(String(type)),
      "input options should be an array": !Array.isArray(options),
      [`config cannot define more than ${mostOptions} options`]: all.length > mostOptions,
      "config options array cannot contain null values": all.includes(null),
    }),
    ...apart(input, "rules options"),
    ...apart(input, "rules default"),
    ...strict("default description options regex type rules")(input),
  ];
}

const header = strict("spec", {
  spec: strict("description component inputs include", { inputs: each(inputProblems) }),
});

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
  refuseAll(at("header", header(plain(file.header))).map((problem) => problem.toLowerCase()));
  const declared = get(file.header, "spec", "inputs");
  const { values, errors } = settleInputs(isMap(declared) ? declared : new Map(), inputs);
  if (around.lenient !== true) refuseAll(errors);
  const asked = flatten(get(file.header, "spec", "component")).map(textOf);
  const component = Object.entries(around.component ?? {}).filter(([key]) => asked.includes(key));
  const known = new Map(Object.entries({ inputs: values, component: new Map(component) }));
  return interpolate(file.content, known, around.variables ?? new Map());
}

/** Says the first few of what is wrong. */
export function refuseAll(errors: readonly string[]): void {
  if (errors.length > 0) refuse(errors.slice(0, mostErrors).join(", "));
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
  const errors = Object.entries({ default: initial, provided: value }).flatMap(([which, each]) =>
    each === null ? [] : problemsOf(which, each, type, said),
  );
  return { value: settled, errors };
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
function problemsOf(which: string, given: Value, type: string, said: (key: string) => Value) {
  const [allowed, regex] = [said("options"), said("regex")];
  const value = coerce(type, given);
  const text = textOf(value);
  const isChoice = type === "string" || type === "number";
  const isAllowed = !isList(allowed) || allowed.some((option) => textOf(option) === text);
  const list = `the list of ${type === "number" ? "the " : ""}allowed options`;
  const compiled = compile(type === "string" && regex !== null ? textOf(regex) : "");
  return found({
    [`${which} value is not ${type === "array" ? "an" : "a"} ${type}`]: !isOf(type, value),
    "Options can only be used with string and number inputs": isList(allowed) && !isChoice,
    [`\`${text}\` cannot be used because it is not in ${list}`]: isChoice && !isAllowed,
    "RegEx validation can only be used with string inputs": regex !== null && type !== "string",
    "invalid regular expression": compiled === undefined,
    [`${which} value does not match required RegEx pattern`]:
      compiled?.matcher(text).find() === false,
  });
}

function isOf(type: string, value: Value): boolean {
  if (type === "array") return isList(value);
  if (type === "number") return typeof value === "bigint" || typeof value === "number";
  return type === "string" || typeof value === type;
}
