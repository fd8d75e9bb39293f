/** The stages that a target needs, resolved from the first instruction to the last. */

import type { Surroundings } from "./around.ts";
import type { Instruction } from "./instruction.ts";
import { type Complain, placeOf } from "./lines.ts";
import type { Parsed, Stage } from "./parse.ts";
import {
  mistakeAt,
  type Naming,
  namingAt,
  originByName,
  originByNumber,
  type StageOrigin,
} from "./references.ts";
import { type Args, argsOf, emptyScope, type Globals, inherited, type Variables } from "./scope.ts";
import { lex } from "./shell.ts";
import type { CopySource } from "./sources.ts";
import { takeStep } from "./step.ts";

export interface ResolvedStage {
  readonly stage: Stage;
  /** Its base as written, after expansion. */
  readonly reference: string;
  /** The stage that it is built from. */
  readonly below: ResolvedStage | undefined;
  readonly scope: Variables;
  readonly sources: readonly CopySource[];
  readonly namings: readonly Naming[];
  /** The image that its chain of stages starts from; `undefined` for `scratch`. */
  readonly root: Naming | undefined;
  /** Names of ARGs that it declares or that its FROM uses. */
  readonly names: ReadonlySet<string>;
  /** It, or a stage that it is built from, leaves ONBUILD triggers. */
  readonly onbuild: boolean;
}

export interface StagesInput {
  readonly parsed: Parsed;
  readonly globals: Globals;
  readonly args: Args;
  readonly allowAdd: readonly string[];
  readonly parentOf: (reference: string) => string | undefined;
  readonly complain: Complain;
}

/** Resolves a target and all that it needs, in the order of the file; the target is the last of the result. */
export function resolveStages(target: Stage, input: StagesInput): readonly ResolvedStage[] {
  const resolved = new Map<number, ResolvedStage>();
  const need = (index: number): ResolvedStage => {
    const known = resolved.get(index);
    if (known !== undefined) return known;
    // Only stages in front of the one that asks get here, so this ends.
    const found = resolveStage(input.parsed.stages[index]!, input, need);
    resolved.set(index, found);
    return found;
  };
  need(target.index);
  return [...resolved.values()].sort((a, b) => a.stage.index - b.stage.index);
}

type Need = (index: number) => ResolvedStage;

function resolveStage(stage: Stage, input: StagesInput, need: Need): ResolvedStage {
  const { reference, naming, names, below } = resolveBase(stage, input, need);
  const triggers = triggersOf(below);
  const around = surroundings(stage, input, need);
  const isScratch = naming.origin.kind === "scratch";
  const scope = below === undefined ? emptyScope(!isScratch) : inherited(below.scope);
  const sources: CopySource[] = triggersReach(stage, triggers);
  const namings = [naming];
  for (const instruction of [...triggers, ...stage.instructions]) {
    const step = takeStep(instruction, scope, around);
    sources.push(...step.sources);
    namings.push(...step.namings);
    if (instruction.keyword === "arg") for (const { name } of argsOf(instruction)) names.add(name);
  }
  const leaves = stage.instructions.some(({ keyword }) => keyword === "onbuild");
  const onbuild = leaves || (below?.onbuild ?? false);
  const root = below === undefined ? (isScratch ? undefined : naming) : below.root;
  return { stage, reference, below, scope, sources, namings, root, names, onbuild };
}

/** What a stage leaves for the one that is built from it; not for those that are built from that. */
function triggersOf(below: ResolvedStage | undefined): readonly Instruction[] {
  return (below?.stage.instructions ?? []).flatMap(({ body }) =>
    body.kind === "trigger" ? [body.instruction] : [],
  );
}

/** Engines differ on how much of a trigger they carry out in a stage, so it may read anything. */
function triggersReach(stage: Stage, triggers: readonly Instruction[]): CopySource[] {
  if (triggers.length === 0) return [];
  const { line } = placeOf(stage.from.line, stage.from.at);
  return [{ kind: "everything", line, because: "the stage below has ONBUILD instructions" }];
}

function surroundings(stage: Stage, input: StagesInput, need: Need): Surroundings {
  const { parsed, globals, args, allowAdd, complain, parentOf } = input;
  return {
    escape: parsed.directives.escape,
    globals,
    args,
    allowAdd,
    complain,
    origin: (reference, mistake) => {
      const query = { reference, index: stage.index, stages: parsed.stages, parentOf, mistake };
      const origin = originByNumber(query) ?? originByName(query);
      if (origin.kind === "stage") need(origin.index);
      return origin;
    },
  };
}

function resolveBase(stage: Stage, input: StagesInput, need: Need) {
  const { globals, complain, parsed, parentOf } = input;
  const { body, line, at, flags } = stage.from;
  const word = (body.kind === "words" ? body.words[0] : undefined) ?? { text: "", at };
  const mistake = mistakeAt(complain, line, word.at);
  const lookup = (name: string) => globals.values.get(name);
  const read = lex(word.text, { escape: parsed.directives.escape, lookup });
  const flag = flags.find(({ name }) => name === "platform");
  const wanted = lex(flag?.value?.text ?? "", { escape: parsed.directives.escape, lookup });
  if (flag !== undefined && wanted.text === "")
    mistakeAt(complain, line, flag.at)("--platform is empty");
  const error = read.error ?? wanted.error;
  if (error !== undefined) mistake(`FROM ${word.text}: ${error}`);
  const undeclared = [...read.unset].find((name) => !globals.declared.has(name));
  const empty = read.text === "" || undeclared !== undefined;
  if (error === undefined && empty) mistake(`FROM ${word.text}: ${emptyReason(undeclared)}`);
  const reference = read.text;
  const query = { reference, index: stage.index, stages: parsed.stages, parentOf, mistake };
  const origin: StageOrigin =
    error !== undefined || empty ? { kind: "scratch" } : originByName(query);
  const platform = flag === undefined ? undefined : wanted.text;
  const range = { line, first: word.at, last: word.at + Math.max(word.text.length - 1, 0) };
  const names = new Set<string>();
  for (const name of [...read.names, ...wanted.names]) {
    names.add(name);
    for (const from of globals.origins.get(name) ?? []) names.add(from);
  }
  return {
    reference,
    names,
    below: origin.kind === "stage" ? need(origin.index) : undefined,
    naming: namingAt({ kind: "from", reference, origin, platform }, range),
  };
}

function emptyReason(undeclared: string | undefined): string {
  return undeclared === undefined
    ? "the name of the image is empty"
    : `no ARG in front of the first FROM declares ${undeclared}`;
}
