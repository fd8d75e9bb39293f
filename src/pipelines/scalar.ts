/** Plain scalars as Ruby's Psych reads them, which is YAML 1.1 with a few habits of its own. */
import { refuse, type Value } from "./tree.ts";

const date = /^\d{4}-(?:1[012]|0\d|\d)-(?:[12]\d|3[01]|0\d|\d)$/;
const time =
  /^-?\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|\s+)\d{1,2}:\d\d:\d\d(?:\.\d*)?(?:\s*(?:Z|[-+]\d{1,2}:?(?:\d\d)?))?$/;
const base60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}(\.[0-9_]*)?$/;
const float = /^[-+]?(?:[0-9][0-9_,]*)?\.[0-9]*(?:[eE][+-][0-9]+)?$/;
const integers: readonly (readonly [pattern: RegExp, prefix: string])[] = [
  [/^[-+]?0b_*[01][01_]*$/, "0b"],
  [/^[-+]?0_*[0-7][0-7_]*$/, "0o"],
  [/^[-+]?(?:0|[1-9](?:[0-9]|,[0-9]|_[0-9])*)$/, ""],
  [/^[-+]?0x_*[0-9a-fA-F][0-9a-fA-F_]*$/, "0x"],
];
const words: readonly (readonly [pattern: RegExp, value: boolean | null])[] = [
  [/^(?:~|null)$/i, null],
  [/^(?:yes|true|on)$/i, true],
  [/^(?:no|false|off)$/i, false],
];

/** The value of a scalar without quotes; dates and times are a `CiRefusal`, since GitLab loads no such class. */
export function scalarValue(text: string): Value {
  if (text === "") return null;
  const word = words.find(([pattern]) => pattern.test(text));
  if (word !== undefined) return word[1];
  if (time.test(text)) refuse("Tried to load unspecified class: Time");
  if (date.test(text)) refuse("Tried to load unspecified class: Date");
  if (/^:./.test(text)) return text.replace(/^:["']?/, "").replace(/["']$/, "");
  return numberValue(text) ?? text;
}

function numberValue(text: string): bigint | number | undefined {
  if (base60.test(text)) return sexagesimal(text);
  const digits = text.replace(/[,_]/g, "");
  if (float.test(text)) return /^[-+]?\.$/.test(text) ? undefined : Number(digits);
  const found = integers.find(([pattern]) => pattern.test(text));
  if (found === undefined) return undefined;
  const [, prefix] = found;
  const [, sign, amount = ""] = /^([-+]?)(?:0[bx]?(?=.))?(.*)$/.exec(digits) ?? [];
  return BigInt(`${prefix}${amount}`) * (sign === "-" ? -1n : 1n);
}

/** The first part counts hours, also where there are two. */
function sexagesimal(text: string): bigint | number {
  const parts = text.replaceAll("_", "").split(":").map(Number);
  const sum = parts.reduce((total, part, index) => total + part * 60 ** (2 - index), 0);
  return text.includes(".") ? sum : BigInt(sum);
}
