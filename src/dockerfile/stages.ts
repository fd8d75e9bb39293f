/** The stages that a target needs, resolved from the first instruction to the last. */

import type { ContextSource } from "../context/source.ts";
import { ownMember } from "../json.ts";
import type { Difference } from "./differ.ts";
import { wordDifferences } from "./differ-words.ts";
import type { Instruction } from "./instruction.ts";
import { placeOf } from "./lines.ts";
import type { Stage } from "./parse.ts";
import { copyStep, runStep } from "./reads.ts";
import {
  expand,
  machine,
  mistakeAt,
  type Naming,
  namingAt,
  nothing,
  originByName,
  originByNumber,
  type RecipeInput,
  type StageOrigin,
  type Step,
  type StepScope,
} from "./references.ts";
import { argsOf, emptyScope, inherited, isOfMachine, originsOf, type Variables } from "./scope.ts";
import { type Lexed, lex, type Unknown } from "./shell.ts";

export interface ResolvedStage {
  readonly stage: Stage;
  /** Its base as written, after expansion. */
  readonly reference: string;
  /** The stage that it is built from. */
  readonly below: ResolvedStage | undefined;
  readonly scope: Variables;
  readonly sources: readonly ContextSource[];
  readonly namings: readonly Naming[];
  readonly differences: readonly (readonly [Instruction, Difference])[];
  /** The image that its chain of stages starts from; `undefined` for `scratch`. */
  readonly root: Naming | undefined;
  /** Names of ARGs that it declares or that its FROM uses. */
  readonly names: ReadonlySet<string>;
  /** It, or a stage that it is built from, leaves ONBUILD triggers. */
  readonly onbuild: boolean;
}

/** Resolves a target and all that it needs, in the order of the file; the target is the last of the result. */
export function resolveStages(target: Stage, input: RecipeInput): readonly ResolvedStage[] {
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

function resolveStage(stage: Stage, input: RecipeInput, need: Need): ResolvedStage {
  const { reference, naming, names, below } = resolveBase(stage, input, need);
  const triggers = triggersOf(below);
  const isScratch = naming.origin.kind === "scratch";
  const scope = below === undefined ? emptyScope(!isScratch) : inherited(below.scope);
  const around = stepScope(stage, scope, input, need);
  const { line } = placeOf(stage.from.line, stage.from.at);
  // Engines differ on how much of a trigger they carry out in a stage, so it may read anything.
  const sources: ContextSource[] = triggers.length === 0 ? [] : [{ kind: "everything", line }];
  const namings = [naming];
  const differences: (readonly [Instruction, Difference])[] = [];
  for (const instruction of [...triggers, ...stage.instructions]) {
    if (!triggers.includes(instruction))
      for (const found of wordDifferences(instruction, around))
        differences.push([instruction, found]);
    const step = takeStep(instruction, around);
    sources.push(...step.sources);
    namings.push(...step.namings);
    if (instruction.keyword === "arg") for (const { name } of argsOf(instruction)) names.add(name);
  }
  const leaves = stage.instructions.some(({ keyword }) => keyword === "onbuild");
  const onbuild = leaves || (below?.onbuild ?? false);
  const root = below === undefined ? (isScratch ? undefined : naming) : below.root;
  return { stage, reference, below, names, scope, sources, namings, differences, root, onbuild };
}

/** What a stage leaves for the one that is built from it; not for those that are built from that. */
export function triggersOf(below: ResolvedStage | undefined): readonly Instruction[] {
  return (below?.stage.instructions ?? []).flatMap(({ body }) =>
    body.kind === "trigger" ? [body.instruction] : [],
  );
}

function stepScope(stage: Stage, scope: Variables, reading: RecipeInput, need: Need): StepScope {
  const { parsed, parentOf } = reading;
  return {
    ...reading,
    scope,
    origin: (reference, mistake) => {
      const { index } = stage;
      const { stages } = parsed;
      const query = { reference, index, stages, parentOf, platform: undefined, mistake };
      const origin = originByNumber(query) ?? originByName(query);
      if (origin.kind === "stage") need(origin.index);
      return origin;
    },
  };
}

function resolveBase(stage: Stage, input: RecipeInput, need: Need) {
  const { globals, parsed, parentOf } = input;
  const { body, line, at, flags } = stage.from;
  const word = (body.kind === "words" ? body.words[0] : undefined) ?? { text: "", at };
  const mistake = mistakeAt(input, line, word.at);
  const lookup = (name: string) => globals.values.get(name);
  const read = lex(word.text, { escape: parsed.directives.escape, lookup });
  const flag = flags.find(({ name }) => name === "platform");
  const wanted = lex(flag?.value?.text ?? "", { escape: parsed.directives.escape, lookup });
  if (flag !== undefined && wanted.text === "")
    mistakeAt(input, line, flag.at)("--platform is empty");
  const error = read.error ?? wanted.error;
  if (error !== undefined) mistake(`FROM ${word.text}: ${error}`);
  const hollow = [...read.names].filter((name) => lookup(name) === "");
  const unset = [...read.unset, ...hollow];
  const undeclared = unset.find((name) => !globals.declared.has(name) && !globals.own.has(name));
  const empty = read.text === "" || undeclared !== undefined;
  if (error === undefined && empty) mistake(`FROM ${word.text}: ${emptyReason(undeclared, unset)}`);
  const reference = read.text;
  const wrong = (message: string) =>
    mistake(unset.length === 0 ? message : `FROM ${word.text}: ${valueless(unset)}`);
  if (input.several && originsOf(read.names, globals).some(isOfMachine))
    mistake(`FROM ${word.text}: it depends on the machine that builds`);
  const isMachine = originsOf(wanted.names, globals).some(isOfMachine);
  const platform = flag && (isMachine ? machine : wanted.text);
  const { index } = stage;
  const query = { reference, index, stages: parsed.stages, parentOf, platform, mistake: wrong };
  const origin: StageOrigin =
    error !== undefined || empty ? { kind: "scratch" } : originByName(query);
  const range = { line, first: word.at, last: word.at + Math.max(word.text.length - 1, 0) };
  const names = new Set(originsOf([...read.names, ...wanted.names], globals));
  return {
    reference,
    names,
    below: origin.kind === "stage" ? need(origin.index) : undefined,
    naming: namingAt({ kind: "from", reference, origin, platform }, range),
  };
}

function emptyReason(undeclared: string | undefined, unset: readonly string[]): string {
  if (undeclared !== undefined) {
    const advice = "; name an image of this project without it, as `parents` in berth.yml says";
    const isOwn = undeclared === "CI_REGISTRY_IMAGE";
    return `no ARG in front of the first FROM declares ${undeclared}${isOwn ? advice : ""}`;
  }
  return unset.length === 0 ? "the name of the image is empty" : valueless(unset);
}

function valueless(names: readonly string[]): string {
  const [have, it] = names.length === 1 ? ["has", "it"] : ["have", "them"];
  return `ARG ${names.join(" and ")} ${have} no value; give ${it} a default, or a value under \`args\` in berth.yml`;
}

/** A stage and those that it is built from, the lowest first. */
export function chainOf(stage: ResolvedStage): readonly ResolvedStage[] {
  return [...(stage.below === undefined ? [] : chainOf(stage.below)), stage];
}

/** Takes the variables of an instruction into the scope, and says what it reads. */
function takeStep(instruction: Instruction, around: StepScope): Step {
  const { keyword } = instruction;
  if (keyword === "copy" || keyword === "add") return copyStep(instruction, around);
  if (keyword === "run") return runStep(instruction, around);
  if (keyword === "arg") declareArgs(instruction, around);
  if (keyword === "env") setEnv(instruction, around);
  if (keyword === "onbuild") checkTrigger(instruction, around);
  return nothing;
}

/** ARGs have the values that they get here, so a default that is overridden is not read. */
function declareArgs(instruction: Instruction, around: StepScope): void {
  const { scope } = around;
  for (const { name, fallback, at } of argsOf(instruction)) {
    const imported = fallback === undefined ? importedValue(name, around) : undefined;
    const known = ownMember(around.args, name) ?? imported;
    if (known !== undefined) scope.bindings.set(name, { value: known, by: "arg" });
    else if (fallback !== undefined) {
      const read = expand(fallback, around);
      if (read.error !== undefined)
        around.complain(placeOf(instruction.line, at), `ARG ${name}: ${read.error}`);
      scope.bindings.set(name, { value: asValue(read), by: "arg" });
    }
  }
}

function importedValue(
  name: string,
  { globals, several }: StepScope,
): string | Unknown | undefined {
  return several && originsOf([name], globals).some(isOfMachine)
    ? { because: `$${name} depends on the machine that builds` }
    : globals.values.get(name);
}

/** A text's value, unless only the engine knows it. */
function asValue(read: Lexed): string | Unknown {
  return read.unknown === undefined ? read.text : { because: read.unknown };
}

/** The pairs of one ENV do not see each other. */
function setEnv({ body, line }: Instruction, around: StepScope): void {
  const { scope } = around;
  const pairs = body.kind === "pairs" ? body.pairs : [];
  const read = pairs.map((pair) => ({
    pair,
    name: expand(pair.name, around),
    value: expand(pair.value, around),
  }));
  for (const { pair, name, value } of read) {
    const error = name.error ?? value.error;
    if (error !== undefined) around.complain(placeOf(line, pair.at), `ENV ${pair.name}: ${error}`);
    if (name.unknown === undefined)
      scope.bindings.set(name.text, { value: asValue(value), by: "env" });
    else {
      // A name that is not known was set, and it may be any.
      scope.bindings.clear();
      scope.open = true;
    }
  }
}

/** A trigger runs in another build, whose key would not cover what ADD fetches. */
function checkTrigger({ body }: Instruction, around: StepScope): void {
  if (body.kind !== "trigger" || body.instruction.keyword !== "add") return;
  copyStep(body.instruction, { ...around, scope: emptyScope(true) });
}
