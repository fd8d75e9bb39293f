/** RUN and its mounts. */

import { expand, nothing, type Step, type Surroundings } from "./around.ts";
import { type Field, type Flag, readFields, type Spelled } from "./flags.ts";
import type { Instruction } from "./instruction.ts";
import { placeOf } from "./lines.ts";
import { mistakeAt, type Naming, namingAt } from "./references.ts";
import type { Variables } from "./scope.ts";
import { type CopySource, mountSource } from "./sources.ts";

export function runStep(instruction: Instruction, scope: Variables, around: Surroundings): Step {
  const flags = instruction.flags.filter((flag) => flag.name === "mount");
  const mounts = flags.map((flag) => readMount(instruction, flag, scope, around));
  return {
    sources: mounts.flatMap(({ sources }) => sources),
    namings: mounts.flatMap(({ namings }) => namings),
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

function readMount(
  instruction: Instruction,
  flag: Flag,
  scope: Variables,
  around: Surroundings,
): Step {
  const mistake = mistakeAt(around.complain, instruction.line, flag.at);
  const byKey = mountFields(flag);
  if (byKey === undefined) {
    mistake(`--mount=${flag.value?.text ?? ""} is malformed`);
    return nothing;
  }
  const from = byKey.get("from")?.value;
  const type = typeOf(byKey.get("type"), scope, around);
  if (type !== undefined && !types.includes(type))
    mistake(`there is no mount type ${JSON.stringify(type)}`);
  if (from !== undefined && from.text !== "") {
    return { sources: [], namings: readFrom(instruction, from, scope, around) };
  }
  return {
    sources: contextSource(instruction, flag, byKey, { type, scope, around }),
    namings: [],
  };
}

/** A mount's fields under their full names, the last of each; `undefined` where they are malformed. */
export function mountFields(flag: Flag): ReadonlyMap<string, Field> | undefined {
  const fields = flag.value === undefined ? undefined : readFields(flag.value);
  return fields && new Map(fields.map((field) => [fullName(field.key), field]));
}

export function fullName(key: string): string {
  return Object.hasOwn(aliases, key) ? aliases[key]! : key;
}

/** A mount's type; `undefined` where only the engine will know. */
function typeOf(
  field: Field | undefined,
  scope: Variables,
  around: Surroundings,
): string | undefined {
  if (field === undefined) return "bind";
  const read = expand(field.value?.text ?? "", scope, around);
  return read.unknown === undefined ? read.text.toLowerCase() : undefined;
}

function readFrom(
  { line }: Instruction,
  value: Spelled,
  scope: Variables,
  around: Surroundings,
): readonly Naming[] {
  const mistake = mistakeAt(around.complain, line, value.at[0]!);
  const { text: reference, error, unknown } = expand(value.text, scope, around);
  const refused = error ?? unknown;
  if (refused !== undefined) {
    mistake(`from=${value.text} cannot be known: ${refused}`);
    return [];
  }
  const origin = around.origin(reference, mistake);
  const at = { line, first: value.at[0]!, last: value.at.at(-1)! };
  return [namingAt({ kind: "mount", reference, origin, platform: undefined }, at)];
}

interface MountInput {
  readonly type: string | undefined;
  readonly scope: Variables;
  readonly around: Surroundings;
}

/** Only bind mounts read the context; without a source, all of it. */
function contextSource(
  instruction: Instruction,
  flag: Flag,
  fields: ReadonlyMap<string, Field>,
  { type, scope, around }: MountInput,
): readonly CopySource[] {
  const { line } = placeOf(instruction.line, flag.at);
  const written = flag.value?.text ?? "";
  const everything = (why: string): readonly CopySource[] => [
    { kind: "everything", line, because: `mount ${JSON.stringify(written)}: ${why}` },
  ];
  if (type === undefined) return everything("its type is known to the engine only");
  if (type !== "bind") return [];
  const read = expand(fields.get("source")?.value?.text ?? "", scope, around);
  if (read.error !== undefined)
    mistakeAt(around.complain, instruction.line, flag.at)(`--mount=${written}: ${read.error}`);
  return read.unknown === undefined ? [mountSource(read.text, line)] : everything(read.unknown);
}
