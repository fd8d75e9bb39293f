/** A Dockerfile's text as people see it: which lines an instruction has, and what its ARGs are worth. */
import type { Instruction } from "../dockerfile/instruction.ts";
import { placeOf } from "../dockerfile/lines.ts";
import { type Parsed, parseDockerfile } from "../dockerfile/parse.ts";
import { argsOf, readGlobals } from "../dockerfile/scope.ts";
import type { ArgValue, Place } from "./difference.ts";
import type { Explained } from "./explained.ts";

export interface Source {
  readonly file: string;
  readonly args: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
  /** By the line that each begins at. */
  readonly instructions: ReadonlyMap<number, Instruction>;
  /** The ARGs before the first FROM, with values. */
  readonly globals: ReadonlyMap<string, { readonly value: string; readonly place: Place | null }>;
}

/** Reads the text again; it was keyed, so there is nothing to complain about. */
export function sourceOf({ image, text }: Explained): Source {
  const parsed = parseDockerfile(text, () => undefined);
  const all = [
    ...parsed.globals,
    ...parsed.stages.flatMap((one) => [one.from, ...one.instructions]),
  ];
  return {
    file: image.dockerfile,
    args: image.args,
    lines: text.split("\n").map((line) => line.replace(/\r+$/, "")),
    instructions: new Map(all.map((one) => [beginOf(one), one])),
    globals: globalsOf(parsed, image),
  };
}

function beginOf({ line, at }: Instruction): number {
  return placeOf(line, at).line;
}

function globalsOf(parsed: Parsed, image: Explained["image"]): Source["globals"] {
  const { values } = readGlobals(
    {
      instructions: parsed.globals,
      args: image.args,
      platform: image.platform,
      target: image.target ?? parsed.stages.at(-1)?.name ?? "default",
      escape: parsed.directives.escape,
    },
    () => undefined,
  );
  const lines = new Map<string, number>();
  for (const instruction of parsed.globals) {
    for (const { name, fallback } of argsOf(instruction))
      if (fallback !== undefined) lines.set(name, beginOf(instruction));
  }
  const placed = [...values].map(([name, value]) => {
    const line = lines.get(name);
    return [name, { value, place: line === undefined ? null : { file: image.dockerfile, line } }];
  });
  return new Map(placed as [string, { value: string; place: Place | null }][]);
}

/** The lines of an instruction as they are in the file, heredocs included, comments left out. */
export function linesOf(source: Source, begin: number): readonly { line: number; text: string }[] {
  const instruction = source.instructions.get(begin);
  if (instruction === undefined) return [];
  const numbers = instruction.line.pieces.map((piece) => piece.line);
  const last = numbers.at(-1) ?? begin;
  const bodies = heredocLines(instruction);
  const inside = Array.from({ length: bodies }, (_, index) => last + 1 + index);
  return [
    // White space at the end of a line never counts; inside of a heredoc it does.
    ...numbers.map((line) => ({ line, text: (source.lines[line - 1] ?? "").trimEnd() })),
    ...inside.map((line) => ({ line, text: source.lines[line - 1] ?? "" })),
  ];
}

function heredocLines({ body, heredocs }: Instruction): number {
  if (body.kind === "trigger") return heredocLines(body.instruction);
  return heredocs.reduce((sum, one) => sum + one.body.split("\n").length, 0);
}

/** Who gives an ARG of a stage its value. */
export function argValue(source: Source, begin: number, name: string, code: unknown): ArgValue {
  const at = { file: source.file, line: begin };
  if (typeof code === "object" && code !== null) {
    const { expand } = code as { readonly expand?: unknown };
    return { value: typeof expand === "string" ? expand : null, from: "engine", place: at };
  }
  if (typeof code !== "string") return { value: null, from: "nobody", place: null };
  if (Object.hasOwn(source.args, name)) return { value: code, from: "configuration", place: null };
  const instruction = source.instructions.get(begin);
  const meant = instruction?.body.kind === "trigger" ? instruction.body.instruction : instruction;
  const declared = meant && argsOf(meant).findLast((one) => one.name === name);
  if (declared?.fallback !== undefined) return { value: code, from: "dockerfile", place: at };
  return globalValue(source, name) ?? { value: code, from: "dockerfile", place: at };
}

/** What a global ARG, or one that every Dockerfile has, is worth. */
export function globalValue(source: Source, name: string): ArgValue | null {
  const known = source.globals.get(name);
  if (known === undefined) return null;
  const { value, place } = known;
  if (Object.hasOwn(source.args, name)) return { value, from: "configuration", place: null };
  return { value, from: place === null ? "platform" : "dockerfile", place };
}
