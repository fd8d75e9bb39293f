/** Instructions as canonical values: what is said, not how it is laid out. */

import type { Json } from "../json.ts";
import { type Heredoc, readOpening, withoutTabs } from "./heredoc.ts";
import { type Body, type Instruction, isRepeatable, switches } from "./instruction.ts";

/** Parts of an instruction that stand for something else than their text. */
export interface Overrides {
  readonly body?: Json;
  readonly flags?: Readonly<Record<string, Json>>;
}

export function instructionCode(instruction: Instruction, overrides: Overrides = {}): Json {
  const { keyword, body, heredocs } = instruction;
  const flags = flagsCode(instruction, overrides.flags ?? {});
  return {
    [keyword]: overrides.body ?? bodyCode(body),
    ...(Object.keys(flags).length === 0 ? {} : { flags }),
    ...(heredocs.length === 0 ? {} : { heredocs: heredocsCode(instruction) }),
  };
}

function bodyCode(body: Body): Json {
  switch (body.kind) {
    case "json":
      return { json: body.items };
    case "shell":
      return body.text;
    case "words":
      return body.words.map((word) => word.text);
    case "pairs":
      return body.pairs.map(({ name, value }) => [name, value]);
    case "trigger":
      return instructionCode(body.instruction);
  }
}

function flagsCode(
  { keyword, flags }: Instruction,
  overrides: Readonly<Record<string, Json>>,
): Readonly<Record<string, Json>> {
  const code = new Map<string, Json>();
  for (const { name, value } of flags) {
    const text = value?.text ?? "";
    if (isRepeatable(keyword, name)) code.set(name, [...((code.get(name) as Json[]) ?? []), text]);
    else code.set(name, switches.includes(name) ? text.toLowerCase() !== "false" : text);
  }
  return { ...Object.fromEntries(code), ...overrides };
}

/**
 * A body's tabs are dropped where BuildKit drops them. A shell that gets the whole heredoc as text drops
 * them itself, so there they stay.
 */
function heredocsCode({ keyword, body, heredocs }: Instruction): Json {
  const whole = keyword === "run" && !(body.kind === "shell" && isHeredocOnly(body.text));
  return heredocs.map(({ name, chomp, expand, body: text }: Heredoc) => ({
    name,
    expand,
    chomp,
    body: chomp && !whole ? withoutTabs(text) : text,
  }));
}

function isHeredocOnly(text: string): boolean {
  return readOpening(text) !== undefined;
}
