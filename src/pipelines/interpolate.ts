/** Puts inputs into a file: blocks such as `$[[ inputs.stage | truncate(0, 8) ]]` in keys and texts. */
import type { Values } from "./expression.ts";
import { textOf } from "./plain.ts";
import { refuse } from "./refusal.ts";
import { isList, isMap, isText, rewrite, type Value, type YamlMap } from "./tree.ts";
import { expand } from "./variables.ts";

const block = /\$\[\[\s*(\S.*?\S)\s*\]\]/g;
const mostFunctions = 3;
const longestAccess = 1024;

/** Gives the content with all blocks filled in of `inputs` and `component`; one that cannot be is a `CiRefusal`. */
export function interpolate(content: YamlMap, known: YamlMap, variables: Values): YamlMap {
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
  if (functions.length > mostFunctions) refuse("too many functions in interpolation block");
  const calls = functions.map((call) => functionOf(call, variables));
  return calls.reduce<Value>((value, call) => call(value), found);
}

function look(access: string, values: YamlMap): Value {
  const segments = access.split(".");
  if (segments.length < 2)
    refuse("invalid pattern used for interpolation. valid pattern is $[[ inputs.input ]]");
  if (Buffer.byteLength(access) > longestAccess)
    refuse("maximum interpolation expression size exceeded");
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
