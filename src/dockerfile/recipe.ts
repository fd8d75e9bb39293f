/** From a Dockerfile's text to everything that a build of one target means. */

import { BerthError, type Problem, printProblem } from "../errors.ts";
import type { Json } from "../json.ts";
import { type Place, placeOf } from "./lines.ts";
import { type Parsed, parseDockerfile, type Stage } from "./parse.ts";
import type { BaseUse, ChosenStage } from "./references.ts";
import { type Args, argsOf, type Globals, readGlobals } from "./scope.ts";
import type { ContextSource } from "./sources.ts";
import { type RecipeStep, type ResolvedStage, resolveStages } from "./stages.ts";

export { type BaseUse, type ChosenStage, rewriteReferences } from "./references.ts";
export { type ContextSource, sourceMatcher } from "./sources.ts";
export type { RecipeStep } from "./stages.ts";

export interface RecipeOptions {
  /** The Dockerfile's path, for messages. */
  readonly file: string;
  /** Build args of the configuration. */
  readonly args: Args;
  /** A stage's name or number; the last stage where `undefined`. */
  readonly target: string | undefined;
  /** Such as `linux/amd64` or `linux/arm/v7`. */
  readonly platform: string;
  /** The set's image that the text of a FROM or a `--from` names. */
  readonly parentOf: (reference: string) => string | undefined;
  /** Sources of ADD, or what they begin with and a `*`, that may be fetched although nothing pins them. */
  readonly allowAdd: readonly string[];
}

/** A stage for people to look at. */
export interface RecipeStage {
  readonly name: string | undefined;
  /** The line of its FROM. */
  readonly line: number;
  /** Its base as written, after expansion. */
  readonly base: string;
  readonly steps: readonly RecipeStep[];
}

export interface Recipe {
  /**
   * Directives and the stages that count, in one form for all layouts: no comments, no lines, no names of
   * stages. A parent appears as `{"parent": name}`.
   */
  readonly code: Json;
  /** What the build may read of its context. */
  readonly sources: readonly ContextSource[];
  /** Every image from outside the file, in the order of the text. */
  readonly uses: readonly BaseUse[];
  /** FROMs whose variables choose a stage of the file. */
  readonly chosen: readonly ChosenStage[];
  /** The image that the target's chain of stages starts from; `undefined` for `scratch`. */
  readonly base: BaseUse | undefined;
  /** Names of the set's images that it uses, sorted. */
  readonly parents: readonly string[];
  /** The configured args that the build may see, for the engine. */
  readonly args: Args;
  /** The image may carry ONBUILD triggers. */
  readonly onbuild: boolean;
  /** What to give the engine as its target: a name, a number where the name is not enough, or nothing. */
  readonly target: string | undefined;
  readonly stages: readonly RecipeStage[];
  /** Configured args that no ARG of the file declares. */
  readonly unusedArgs: readonly string[];
}

/** Resolves a Dockerfile; throws DOCKERFILE_INVALID with all mistakes that it finds. */
export function resolveRecipe(text: string, options: RecipeOptions): Recipe {
  const { file, args, platform, allowAdd, parentOf } = options;
  const problems = new Map<string, Problem>();
  const complain = ({ line, column }: Place, message: string): void => {
    const problem = { file, line, column, message };
    problems.set(printProblem(problem), problem);
  };
  const parsed = parseDockerfile(text, complain);
  const target = findTarget(parsed.stages, options.target);
  if (target === undefined) {
    if (parsed.stages.length > 0)
      complain({ line: 1, column: 1 }, targetAdvice(parsed.stages, options.target));
    throw invalid(file, problems);
  }
  const { directives, stages, globals: instructions } = parsed;
  const targetArg = options.target ?? target.name ?? "default";
  const globals = readGlobals(
    { instructions, args, platform, target: targetArg, escape: directives.escape },
    complain,
  );
  const resolved = resolveStages(target, { parsed, globals, args, allowAdd, parentOf, complain });
  if (problems.size > 0) throw invalid(file, problems);
  const uses = unique(
    resolved.flatMap((stage) => stage.uses),
    (use) => use.start,
  );
  const names = namesInForce(resolved, globals);
  return {
    code: codeOf(parsed, resolved, args),
    sources: resolved.flatMap((stage) => stage.sources),
    uses,
    chosen: resolved.flatMap((stage) => stage.chosen),
    base: resolved.at(-1)!.root,
    parents: [...new Set(uses.flatMap(({ parent }) => parent ?? []))].sort(),
    args: pick(args, (name) => names.has(name) || isOption(name) || isProxy(name)),
    onbuild: resolved.at(-1)!.onbuild,
    target: targetOf(target, stages),
    stages: resolved.map(display),
    unusedArgs: unusedArgs(parsed, globals, args),
  };
}

/** The stage of that name, the last of several, or else of that number. */
function findTarget(stages: readonly Stage[], target: string | undefined): Stage | undefined {
  if (target === undefined) return stages.at(-1);
  const named = stages.findLast((stage) => stage.name === target.toLowerCase());
  return named ?? (/^[0-9]+$/.test(target) ? stages[Number(target)] : undefined);
}

function targetAdvice(stages: readonly Stage[], target: string | undefined): string {
  const names = stages.map(({ name, index }) => name ?? String(index)).join(", ");
  return `there is no stage ${JSON.stringify(target ?? "")}; stages are ${names}`;
}

function targetOf(target: Stage, stages: readonly Stage[]): string | undefined {
  if (target.index === stages.length - 1) return undefined;
  const shadowed = stages.findLast(({ name }) => name === target.name) !== target;
  return target.name === undefined || shadowed ? String(target.index) : target.name;
}

function invalid(file: string, problems: ReadonlyMap<string, Problem>): BerthError {
  const all = [...problems.values()].sort((a, b) => a.line - b.line || a.column - b.column);
  const count = all.length === 1 ? "1 mistake" : `${all.length} mistakes`;
  return new BerthError("DOCKERFILE_INVALID", `read ${file}: ${count}`, { problems: all });
}

function codeOf({ directives }: Parsed, stages: readonly ResolvedStage[], args: Args): Json {
  const options = pick(args, isOption);
  return {
    escape: directives.escape,
    syntax: directives.syntax ?? null,
    ...(Object.keys(options).length === 0 ? {} : { options }),
    stages: stages.map(({ base, platform, steps }) => ({
      from: base,
      ...(platform === undefined ? {} : { platform }),
      steps: steps.map(({ code }) => code),
    })),
  };
}

function display({ stage, reference, steps }: ResolvedStage): RecipeStage {
  const { line } = placeOf(stage.from.line, stage.from.at);
  return { name: stage.name, line, base: reference, steps };
}

/** Args that steer the engine rather than the Dockerfile. */
function isOption(name: string): boolean {
  return name.startsWith("BUILDKIT_") || name === "SOURCE_DATE_EPOCH";
}

/** Proxy args reach RUN without an ARG; where a build fetches through is no part of its meaning. */
function isProxy(name: string): boolean {
  return /^(https?|ftp|no|all)_proxy$/i.test(name);
}

function namesInForce(stages: readonly ResolvedStage[], globals: Globals): ReadonlySet<string> {
  const names = new Set<string>();
  for (const stage of stages) {
    for (const name of stage.names) {
      names.add(name);
      for (const origin of globals.origins.get(name) ?? []) names.add(origin);
    }
  }
  return names;
}

function pick(args: Args, wanted: (name: string) => boolean): Args {
  const kept = Object.entries(args).filter(([name]) => wanted(name));
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function unusedArgs(parsed: Parsed, globals: Globals, args: Args): readonly string[] {
  const instructions = parsed.stages.flatMap((stage) => stage.instructions);
  const declared = new Set(globals.declared);
  for (const instruction of instructions) {
    if (instruction.keyword === "arg")
      for (const { name } of argsOf(instruction)) declared.add(name);
  }
  const known = (name: string): boolean =>
    declared.has(name) || globals.values.has(name) || isOption(name) || isProxy(name);
  return Object.keys(args)
    .filter((name) => !known(name))
    .sort();
}

function unique<T>(items: readonly T[], keyOf: (item: T) => number): readonly T[] {
  const byKey = new Map(items.map((item) => [keyOf(item), item]));
  return [...byKey].sort(([a], [b]) => a - b).map(([, item]) => item);
}
