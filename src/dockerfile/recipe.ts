/** From a Dockerfile's text to everything that a build of one target means. */

import type { ContextSource } from "../context/source.ts";
import { BerthError, byPlace, type Problem, printProblem } from "../errors.ts";
import type { BaseSettings, DifferInput } from "./differ-scope.ts";
import { differ, type Note } from "./differ-stages.ts";
import { builtText, hashedText, isForeign, type Kept, keep, type MappedText } from "./keep.ts";
import { type Complain, placeOf } from "./lines.ts";
import { parseDockerfile, type Stage } from "./parse.ts";
import type { Naming, RecipeOptions } from "./references.ts";
import { type Args, argsOf, originsOf, readGlobals, seenArgs, unusedArgs } from "./scope.ts";
import { type ResolvedStage, resolveStages, triggersOf } from "./stages.ts";
import { askedBy, type SecretMount, type Traits, traitsOf } from "./traits.ts";

export { type BaseSettings, isNotRoot, keepsVolumesSince } from "./differ-scope.ts";
export type { Note } from "./differ-stages.ts";
export type { MappedText } from "./keep.ts";
export { machine, type ParentOf, type RecipeOptions } from "./references.ts";
export type { Traits } from "./traits.ts";

/** An image from outside the Dockerfile that a build of the target uses. */
export interface BaseUse {
  readonly kind: Naming["kind"];
  /** As written, after expansion of its variables. */
  readonly reference: string;
  /** The set's image that the reference names. */
  readonly parent: string | undefined;
  /** What `FROM --platform` asks for, where it is given; `machine` where that is the machine's own. */
  readonly platform: string | undefined;
  readonly line: number;
}

/** An instruction that the target needs; its lines count from 1, the last one included. */
export interface RecipeStep {
  readonly keyword: string;
  readonly line: number;
  readonly last: number;
}

export interface RecipeStage {
  readonly name: string | undefined;
  /** Its base as written, after expansion. */
  readonly base: string;
  /** FROM first. */
  readonly steps: readonly RecipeStep[];
  /** The image that its chain of stages starts from. */
  readonly root: BaseUse | undefined;
  /** The ARGs that it declares. */
  readonly args: readonly { readonly name: string; readonly line: number }[];
}

/** What a build of one target of a Dockerfile means, and the text that it is built from. */
export interface Recipe {
  /** What the key covers of the file: the needed lines as written. */
  readonly hashed: string;
  /** For each line of `hashed` its line in the file, from 1. */
  readonly lines: readonly number[];
  readonly kept: Kept;
  /** What the build may read of its context. */
  readonly sources: readonly ContextSource[];
  /** Every image from outside the file, in the order of the text. */
  readonly uses: readonly BaseUse[];
  /** The image that the target's chain of stages starts from; `undefined` for `scratch`. */
  readonly base: BaseUse | undefined;
  /** Names of the set's images that it uses, sorted. */
  readonly parents: readonly string[];
  /** The configured args that the build may see, for the engine. */
  readonly args: Args;
  /** Of these the ones that the key covers: where a build fetches through is no part of its meaning. */
  readonly keyedArgs: Args;
  /** The image may carry ONBUILD triggers. */
  readonly onbuild: boolean;
  /** What to give the engine as its target: a stage's name, or nothing where the target stands last in the text. */
  readonly target: string | undefined;
  /** The stages that count, in the order of the file; the target is the last. */
  readonly stages: readonly RecipeStage[];
  readonly traits: Traits;
  /** Secrets and agents that its mounts ask for. */
  readonly asked: readonly SecretMount[];
  /** What buildah reads otherwise than BuildKit, by the file alone. */
  readonly notes: readonly Note[];
  /** The same where it is known what the images leave in force that stages start from. */
  readonly notesOn: (leftBy: (root: BaseUse) => BaseSettings | undefined) => readonly Note[];
  /** Configured args that no ARG of the file declares. */
  readonly unusedArgs: readonly string[];
}

/** Resolves a Dockerfile; throws DOCKERFILE_INVALID with all mistakes that it finds. */
export function resolveRecipe(text: string, options: RecipeOptions): Recipe {
  const { file, args, target: wanted } = options;
  const problems = new Map<string, Problem>();
  const complain = complaintsOf(file, problems);
  const parsed = parseDockerfile(text, complain);
  const target = findTarget(parsed.stages, wanted, complain);
  if (parsed.stages.length === 0 && problems.size > mostStrange)
    throw invalid(file, otherKind(file, problems.size));
  if (target === undefined) throw invalid(file, problems);
  const globals = readGlobals(parsed, options, complain);
  const reading = { ...options, parsed, globals, complain };
  const stages = resolveStages(target, reading);
  const own = stages.flatMap((stage) => [...stage.names]);
  const names = new Set(originsOf(own, globals));
  const told = notesFor({ ...reading, text, stages, names });
  if (problems.size > 0) throw invalid(file, problems);
  const kept = keep(text, parsed, stages, names);
  const { text: hashed, lines } = hashedText(kept);
  const uses = kept.namings.flatMap((naming) => useOf(naming) ?? []);
  const { root, onbuild } = stages.at(-1)!;
  const isWhole = isForeign(parsed.directives.syntax);
  const isNamed = isWhole || (target.name !== undefined && !isNumber(wanted));
  return {
    hashed,
    lines,
    kept,
    sources: stages.flatMap((stage) => stage.sources),
    uses,
    base: root && useOf(root),
    parents: [...new Set(uses.flatMap(({ parent }) => parent ?? []))].sort(),
    ...seenArgs(args, isWhole || options.onbuild, names),
    onbuild,
    target: isNamed ? wanted : undefined,
    stages: stages.map(stageOf),
    traits: traitsOf(stages),
    asked: askedBy(stages),
    ...told,
    unusedArgs: unusedArgs(parsed, globals, args),
  };
}

function notesFor(input: Omit<DifferInput, "leftBy">): Pick<Recipe, "notes" | "notesOn"> {
  const notesOn: Recipe["notesOn"] = (leftBy) =>
    differ({ ...input, leftBy: (root) => leftBy(useOf(root)!) });
  return { notes: notesOn(() => undefined), notesOn };
}

/** What the engine gets: the same lines, the images by the names that `nameFor` gives. */
export function engineText(
  recipe: Recipe,
  nameFor: (use: BaseUse) => string | undefined,
): MappedText {
  return builtText(recipe.kept, (naming) => {
    const use = useOf(naming);
    return use && nameFor(use);
  });
}

function useOf({ kind, reference, origin, platform, place }: Naming): BaseUse | undefined {
  if (origin.kind !== "image" && origin.kind !== "parent") return undefined;
  const parent = origin.kind === "parent" ? origin.parent : undefined;
  return { kind, reference, parent, platform, line: place.line };
}

function stageOf({ stage, reference, root, below }: ResolvedStage): RecipeStage {
  const instructions = [stage.from, ...stage.instructions];
  const steps = instructions.map(({ keyword, line, at, last }) => {
    return { keyword, line: placeOf(line, at).line, last };
  });
  const args = [...triggersOf(below), ...stage.instructions]
    .filter(({ keyword }) => keyword === "arg")
    .flatMap((one) =>
      argsOf(one).map(({ name, at }) => ({ name, line: placeOf(one.line, at).line })),
    );
  return { name: stage.name, base: reference, steps, root: root && useOf(root), args };
}

/** The stage of that name, the last of several, or else of that number; the last stage where none is asked for. */
function findTarget(
  stages: readonly Stage[],
  target: string | undefined,
  complain: Complain,
): Stage | undefined {
  if (target === undefined) return stages.at(-1);
  const named = stages.findLast((stage) => stage.name === target.toLowerCase());
  const found = named ?? (isNumber(target) ? stages[Number(target)] : undefined);
  const names = stages.map(({ name, index }) => name ?? String(index)).join(", ");
  if (found === undefined && stages.length > 0)
    complain(
      { line: 1, column: 1 },
      `there is no stage ${JSON.stringify(target)}; stages are ${names}`,
    );
  const word = named?.from.body.kind === "words" ? named.from.body.words[2] : undefined;
  if (named !== undefined && word !== undefined && word.text !== target)
    complain(
      placeOf(named.from.line, word.at),
      `the target is ${target} and the stage ${word.text}, which buildah does not take for the same: write both alike`,
    );
  return found;
}

function isNumber(target: string | undefined): boolean {
  return target !== undefined && /^[0-9]+$/.test(target);
}

/** Keeps what is complained of, each mistake once. */
function complaintsOf(file: string, problems: Map<string, Problem>): Complain {
  return ({ line, column }, message) => {
    const problem = { file, line, column, message };
    problems.set(printProblem(problem), problem);
  };
}

/** What is mistaken in more places than these, and has no FROM, is not meant as a Dockerfile. */
const mostStrange = 4;

function otherKind(file: string, count: number): ReadonlyMap<string, Problem> {
  const message = `there is no FROM, and ${count - 1} lines are no instructions: where this is no Dockerfile, name it under \`exclude\` in berth.yml`;
  return new Map([["", { file, line: 1, column: 1, message }]]);
}

function invalid(file: string, problems: ReadonlyMap<string, Problem>): BerthError {
  const all = [...problems.values()].sort(byPlace);
  const count = all.length === 1 ? "1 mistake" : `${all.length} mistakes`;
  return new BerthError("DOCKERFILE_INVALID", `read ${file}: ${count}`, { problems: all });
}
