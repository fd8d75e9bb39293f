/** What both engines accept across instructions and stages and read differently, with what to write instead. */

import { always, type Difference, differencesIn, lateEscape, variablesIn } from "./differ.ts";
import { type Instruction, triggered } from "./instruction.ts";
import { type Complain, placeOf, type TextPosition } from "./lines.ts";
import type { Naming, RecipeInput } from "./references.ts";
import { argsOf, type Declared } from "./scope.ts";
import { chainOf, type ResolvedStage, triggersOf } from "./stages.ts";

/** A difference that only one engine has: told to everybody, refused where that engine is to build. */
export interface Note extends TextPosition {
  readonly message: string;
  readonly buildah: { readonly below: number | undefined };
}

interface DifferInput extends RecipeInput {
  readonly text: string;
  readonly stages: readonly ResolvedStage[];
  /** Names in force, among them those that only a FROM uses. */
  readonly names: ReadonlySet<string>;
}

const platformArg = /^(TARGET|BUILD)(PLATFORM|OS|OSVERSION|ARCH|VARIANT)$/;
const transport =
  /^(oci|oci-archive|dir|docker-archive|docker-daemon|containers-storage|sif|tarball|ostree):/;
/** The first version whose stages inherit the ARGs of the stage below, as BuildKit's do. */
const inheritsSince = 40;

/** Complains about what is refused everywhere, and gives the notes on the rest. */
export function differ(input: DifferInput): readonly Note[] {
  const { text, parsed, stages, complain } = input;
  const notes: Note[] = [];
  const tell = (place: TextPosition, { message, buildah }: Omit<Difference, "at">): void => {
    if (buildah === undefined) complain(place, message);
    else notes.push({ ...place, message, buildah });
  };
  const report = ({ line }: Instruction, found: Difference): void =>
    tell(placeOf(line, found.at), found);
  const late = lateEscape(parsed.directives.escape, text);
  if (late !== undefined) tell({ line: late.at + 1, column: 1 }, late);
  checkNames(stages, complain);
  for (const instruction of parsed.globals)
    for (const found of globalDifferences(instruction, input)) report(instruction, found);
  for (const instruction of [
    ...parsed.globals,
    ...stages.flatMap(({ stage }) => [stage.from, ...stage.instructions]),
  ]) {
    for (const found of differencesIn(instruction, parsed.directives.escape))
      report(instruction, found);
  }
  for (const stage of stages) {
    for (const naming of stage.namings) checkNaming(naming, stage, input);
    checkScope(stage, input, report);
  }
  return notes;
}

function checkNames(stages: readonly ResolvedStage[], complain: Complain): void {
  for (const { stage } of stages) {
    const place = placeOf(stage.from.line, stage.from.at);
    const twin = stages.some(
      (other) => other.stage.index < stage.index && other.stage.name === stage.name,
    );
    if (stage.name !== undefined && twin)
      complain(place, `two stages are called ${stage.name}: give each a name of its own`);
    if (stage.name === "source_date_epoch")
      complain(place, "newer engines take times from a stage of this name: call it otherwise");
  }
}

function globalDifferences(instruction: Instruction, input: DifferInput): readonly Difference[] {
  return argsOf(instruction).flatMap((arg): readonly Difference[] => {
    const { name, at } = arg;
    if (name === "SOURCE_DATE_EPOCH")
      return [
        {
          at,
          message:
            "only newer engines take times from a global SOURCE_DATE_EPOCH: give it as an arg in the configuration",
        },
      ];
    return input.names.has(name) ? ownArg(arg, input) : [];
  });
}

function checkNaming(naming: Naming, { stage }: ResolvedStage, input: DifferInput): void {
  const { kind, reference, origin, place, start, end } = naming;
  const { parsed, stages, text, complain } = input;
  const refuse = (message: string): void => complain(place, message);
  if (text.slice(start, end).includes("\n"))
    refuse("the name is continued on the next line: write it on one");
  if (transport.test(reference))
    refuse(
      `buildah reads ${/^[^:]*/.exec(reference)?.[0]}: as a transport: name an image of a registry`,
    );
  const isNumber = /^[+-]?[0-9]+$/.test(reference);
  if (isNumber && kind === "from")
    refuse(
      `buildah takes FROM ${reference} for a stage, BuildKit for an image: give the stage a name`,
    );
  if (isNumber && kind === "mount")
    refuse(
      `from=${reference}: the number of a stage changes with the stages that are built: give the stage a name`,
    );
  if (origin.kind === "stage") {
    if (!isNumber && nameWritten(parsed.stages[origin.index]?.from) !== reference)
      refuse(
        `buildah does not find the stage ${reference} in other letters: write it as behind its AS`,
      );
    return;
  }
  const name = reference.toLowerCase();
  const later =
    kind === "from"
      ? stages.find((other) => other.stage.index > stage.index && other.stage.name === name)?.stage
      : parsed.stages.find((other) => other.index >= stage.index && other.name === name);
  if (later !== undefined)
    refuse(
      `${reference} is also a stage that is no earlier one, which engines resolve differently: give one of the two another name`,
    );
}

/** A stage's name as the file has it. */
function nameWritten(from: Instruction | undefined): string | undefined {
  return from?.body.kind === "words" ? from.body.words[2]?.text : undefined;
}

/** An arg that engines set by themselves, given a value by hand. */
function ownArg(arg: Declared, { args, globals }: DifferInput): readonly Difference[] {
  const { name, fallback, at } = arg;
  if (!platformArg.test(name)) return [];
  const message = `${name} is the engine's own, and engines differ when it is set by hand: use another name`;
  if (Object.hasOwn(args, name)) return [{ at, message }];
  const isSame = globals.own.get(name) === fallback && /^TARGET(OS|ARCH|VARIANT)$/.test(name);
  return fallback === undefined || isSame ? [] : [{ at, message, buildah: always }];
}

/** What is in force at an instruction of a stage. */
interface InForce {
  readonly envs: Set<string>;
  /** ARGs with a value, of the stages below and not declared again. */
  readonly inherited: Map<string, Declared>;
  shell: boolean;
}

function checkScope(
  resolved: ResolvedStage,
  input: DifferInput,
  report: (instruction: Instruction, found: Difference) => void,
): void {
  const { stage, below } = resolved;
  // What a stage leaves to the next one is carried out there first.
  const instructions = [...triggersOf(below), ...stage.instructions];
  const force: InForce = { envs: new Set(), inherited: new Map(), shell: false };
  const { args, globals } = input;
  const isSet = ({ name, fallback }: Declared): boolean =>
    fallback !== undefined || Object.hasOwn(args, name) || globals.values.has(name);
  const stages = below === undefined ? [] : chainOf(below);
  for (const instruction of stages.flatMap((one) => one.stage.instructions))
    enter(instruction, force, isSet, true);
  const isBase = input.stages.some((other) => other.below === resolved);
  for (const instruction of instructions) {
    const { at, keyword, line } = instruction;
    if (keyword === "arg")
      for (const found of argDifferences(instruction, force, input)) report(instruction, found);
    for (const found of shellDifferences(instruction, force)) report(instruction, found);
    if (keyword === "onbuild" && isBase && line.text.includes("$"))
      report(instruction, {
        at,
        message:
          "buildah runs the triggers of a stage below without its ARGs: write no $ in this ONBUILD",
      });
    enter(instruction, force, isSet, false);
  }
}

/** Takes an instruction into what is in force; the ARGs of a stage below are handed on where they are set. */
function enter(
  instruction: Instruction,
  force: InForce,
  isSet: (arg: Declared) => boolean,
  isBelow: boolean,
): void {
  const { keyword, body } = instruction;
  if (keyword === "shell") force.shell = true;
  if (keyword === "env" && body.kind === "pairs")
    for (const { name } of body.pairs) {
      force.envs.add(name);
      force.inherited.delete(name);
    }
  if (keyword !== "arg") return;
  for (const arg of argsOf(instruction).filter(isSet)) {
    force.inherited.delete(arg.name);
    if (isBelow && !force.envs.has(arg.name)) force.inherited.set(arg.name, arg);
  }
}

function argDifferences(
  instruction: Instruction,
  { envs }: InForce,
  input: DifferInput,
): readonly Difference[] {
  return argsOf(instruction).flatMap((arg): Difference[] => {
    const { name, fallback, at } = arg;
    const found = [...ownArg(arg, input)];
    if (envs.has(name))
      found.push({
        at,
        message: `ARG ${name} stands where ENV ${name} is set: in BuildKit the ARG wins, in buildah the ENV; use another name`,
      });
    const origins = [...(input.globals.origins.get(name) ?? [])];
    const from = origins.find((one) => one !== name && platformArg.test(one));
    if (fallback === undefined && from !== undefined)
      found.push({
        at,
        message: `the global ARG ${name} is made from ${from}, which buildah does not have there: declare ${from} in this stage and make ${name} here`,
      });
    return found;
  });
}

function shellDifferences(instruction: Instruction, force: InForce): readonly Difference[] {
  if (!force.shell && force.inherited.size === 0) return [];
  const { at, line } = instruction;
  const { keyword, heredocs, body } = triggered(instruction);
  const found: Difference[] = [];
  const starts = keyword === "cmd" || keyword === "entrypoint";
  if (force.shell && starts && body.kind === "shell" && body.text !== "")
    found.push({
      at,
      message: `${keyword.toUpperCase()} in shell form stands behind SHELL, which buildah does not use for it: write it as a JSON array`,
      buildah: always,
    });
  if (force.inherited.size === 0) return found;
  const used = variablesIn([line.text, ...heredocs.map((one) => one.body)].join("\n"));
  const arg = force.inherited.get(used.find((name) => force.inherited.has(name)) ?? "");
  if (arg !== undefined)
    found.push({
      at,
      message: `${arg.name} is an ARG of a stage below, which buildah before 1.${inheritsSince} does not hand on: declare it here too, with its default`,
      buildah: { below: arg.fallback?.includes("$") === true ? undefined : inheritsSince },
    });
  return found;
}
