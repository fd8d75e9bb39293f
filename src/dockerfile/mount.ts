/** RUN and its mounts. */

import type { Json } from "../json.ts";
import { expand, type Step, type Surroundings } from "./around.ts";
import { instructionCode } from "./encode.ts";
import { type Field, type Flag, readFields } from "./flags.ts";
import type { Instruction } from "./instruction.ts";
import { placeOf } from "./lines.ts";
import { type BaseUse, mistakeAt, useOf } from "./references.ts";
import type { Scope } from "./scope.ts";
import { type ContextSource, mountSource } from "./sources.ts";

export function runStep(instruction: Instruction, scope: Scope, around: Surroundings): Step {
  const flags = instruction.flags.filter((flag) => flag.name === "mount");
  if (flags.length === 0) return { code: instructionCode(instruction), sources: [], uses: [] };
  const mounts = flags.map((flag) => readMount(instruction, flag, scope, around));
  return {
    code: instructionCode(instruction, { flags: { mount: mounts.map(({ code }) => code) } }),
    sources: mounts.flatMap(({ sources }) => sources),
    uses: mounts.flatMap(({ uses }) => uses),
  };
}

const aliases: Readonly<Record<string, string>> = {
  src: "source",
  dst: "target",
  destination: "target",
  ro: "readonly",
  rw: "readwrite",
};

const types = ["bind", "cache", "tmpfs", "secret", "ssh"];

function readMount(instruction: Instruction, flag: Flag, scope: Scope, around: Surroundings): Step {
  const mistake = mistakeAt(around.complain, instruction.line, flag.at);
  const fields = flag.value === undefined ? undefined : readFields(flag.value);
  if (fields === undefined) {
    mistake(`--mount=${flag.value?.text ?? ""} is malformed`);
    return { code: null, sources: [], uses: [] };
  }
  const byKey = new Map<string, Field>();
  for (const field of fields)
    byKey.set(Object.hasOwn(aliases, field.key) ? aliases[field.key]! : field.key, field);
  const from = readFrom(instruction, byKey.get("from"), scope, around);
  const type = typeOf(byKey.get("type"), scope, around);
  if (type !== undefined && !types.includes(type))
    mistake(`there is no mount type ${JSON.stringify(type)}`);
  const code: Record<string, Json> = {};
  for (const [key, { value }] of byKey) code[key] = value?.text ?? true;
  return {
    code: { ...code, type: type ?? code["type"] ?? "bind", ...from.code },
    sources: from.given ? [] : contextSource(instruction, flag, byKey, { type, scope, around }),
    uses: from.uses,
  };
}

/** A mount's type; `undefined` where only the engine will know. */
function typeOf(field: Field | undefined, scope: Scope, around: Surroundings): string | undefined {
  if (field === undefined) return "bind";
  const read = expand(field.value?.text ?? "", scope, around);
  return read.unknown === undefined ? read.text.toLowerCase() : undefined;
}

function readFrom(
  instruction: Instruction,
  field: Field | undefined,
  scope: Scope,
  around: Surroundings,
): {
  readonly given: boolean;
  readonly code: Readonly<Record<string, Json>>;
  readonly uses: readonly BaseUse[];
} {
  const value = field?.value;
  if (value === undefined || value.text === "") return { given: false, code: {}, uses: [] };
  const { line } = instruction;
  const mistake = mistakeAt(around.complain, line, value.at[0]!);
  const { text, error, unknown } = expand(value.text, scope, around);
  const refused = error ?? unknown;
  if (refused !== undefined) {
    mistake(`from=${value.text} cannot be known: ${refused}`);
    return { given: true, code: {}, uses: [] };
  }
  const { origin, code } = around.origin(text, mistake);
  const range = { line, first: value.at[0]!, last: value.at.at(-1)! };
  const uses = useOf(origin, { kind: "mount", reference: text, platform: undefined }, range);
  return { given: true, code: { from: code }, uses };
}

interface MountInput {
  readonly type: string | undefined;
  readonly scope: Scope;
  readonly around: Surroundings;
}

/** Only bind mounts read the context; without a source, all of it. */
function contextSource(
  instruction: Instruction,
  flag: Flag,
  fields: ReadonlyMap<string, Field>,
  { type, scope, around }: MountInput,
): readonly ContextSource[] {
  const { line } = placeOf(instruction.line, flag.at);
  const written = flag.value?.text ?? "";
  const everything = (why: string): readonly ContextSource[] => [
    { kind: "everything", line, because: `mount ${JSON.stringify(written)}: ${why}` },
  ];
  if (type === undefined) return everything("its type is known to the engine only");
  if (type !== "bind") return [];
  const read = expand(fields.get("source")?.value?.text ?? "", scope, around);
  if (read.error !== undefined)
    mistakeAt(around.complain, instruction.line, flag.at)(`--mount=${written}: ${read.error}`);
  return read.unknown === undefined ? [mountSource(read.text, line)] : everything(read.unknown);
}
