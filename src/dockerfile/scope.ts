/** Which variables are in force where: global ARGs, then each stage's ARG and ENV. */

import { ownMember } from "../json.ts";
import type { Instruction } from "./instruction.ts";
import { type Complain, placeOf } from "./lines.ts";
import type { Parsed } from "./parse.ts";
import { lex, type Unknown, type VariableValue } from "./shell.ts";

/** The ARGs before the first FROM, and those that every Dockerfile has. */
export interface Globals {
  readonly values: ReadonlyMap<string, string>;
  /** Which names an ARG's line was made from, those that it declares among them: a line is kept as a whole. */
  readonly origins: ReadonlyMap<string, ReadonlySet<string>>;
  readonly declared: ReadonlySet<string>;
  /** What engines set by themselves. */
  readonly own: ReadonlyMap<string, string>;
}

/** Names, and those that their global ARGs are made from. */
export function originsOf(names: Iterable<string>, { origins }: Globals): readonly string[] {
  return [...names].flatMap((name) => [name, ...(origins.get(name) ?? [])]);
}

export type Args = Readonly<Record<string, string>>;

/** An arg that tells of the machine that builds. */
export function isOfMachine(name: string): boolean {
  return /^BUILD(PLATFORM|OS|OSVERSION|ARCH|VARIANT)$/.test(name);
}

/**
 * The platform as ARGs. BUILD* is the target platform too, for an image of one platform: a key depends on no machine.
 *
 * List: https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope
 */
function platformArgs(platform: string, target: string): readonly (readonly [string, string])[] {
  const [OS = "", ARCH = "", VARIANT = ""] = platform.split("/");
  const parts = Object.entries({ PLATFORM: platform, OS, OSVERSION: "", ARCH, VARIANT });
  const both = ["BUILD", "TARGET"].flatMap((side) =>
    parts.map(([name, value]) => [side + name, value] as const),
  );
  return [...both, ["TARGETSTAGE", target]];
}

/** What is asked for of a Dockerfile, as far as the variables depend on it. */
export interface GlobalsInput {
  readonly args: Args;
  readonly platform: string;
  readonly target: string | undefined;
}

export function readGlobals(
  { globals, directives }: Parsed,
  { args, platform, target = "default" }: GlobalsInput,
  complain: Complain,
): Globals {
  const own = new Map(platformArgs(platform, target));
  const values = new Map(own);
  for (const [name, value] of Object.entries(args)) if (own.has(name)) values.set(name, value);
  const origins = new Map<string, ReadonlySet<string>>();
  const declared = new Set<string>();
  for (const instruction of globals) {
    const line = argsOf(instruction);
    const read = new Set<string>();
    for (const { name, fallback, at } of line) {
      declared.add(name);
      const given = ownMember(args, name);
      const lexed =
        given === undefined && fallback !== undefined
          ? lex(fallback, { escape: directives.escape, lookup: (wanted) => values.get(wanted) })
          : undefined;
      if (lexed?.error !== undefined)
        complain(placeOf(instruction.line, at), `ARG ${name}: ${lexed.error}`);
      const value = given ?? lexed?.text;
      if (value !== undefined) values.set(name, value);
      // Declared once more, its first line is still read.
      for (const used of [name, ...(lexed?.names ?? [])])
        for (const origin of [used, ...(origins.get(used) ?? [])]) read.add(origin);
    }
    for (const { name } of line) origins.set(name, read);
  }
  return { values, origins, declared, own };
}

/** One name that an ARG instruction declares, with its default as written. */
export interface Declared {
  readonly name: string;
  readonly fallback: string | undefined;
  readonly at: number;
}

export function argsOf({ body }: Instruction): readonly Declared[] {
  if (body.kind !== "words") return [];
  return body.words.map(({ text, at }) => {
    const equals = text.indexOf("=");
    if (equals < 0) return { name: text, fallback: undefined, at };
    return { name: text.slice(0, equals), fallback: text.slice(equals + 1), at };
  });
}

interface Binding {
  readonly value: string | Unknown;
  readonly by: "arg" | "env";
}

/**
 * The variables of a stage so far; a stage's instructions change it one after the other. An ARG never stands over an ENV:
 * that is refused, since in BuildKit the later one wins, in buildah ENV does.
 */
export interface Variables {
  readonly bindings: Map<string, Binding>;
  /** A base image may set any variable; `scratch` sets none. */
  open: boolean;
}

export function emptyScope(open: boolean): Variables {
  return { bindings: new Map(), open };
}

export function lookUp(scope: Variables, name: string): VariableValue {
  const binding = scope.bindings.get(name);
  if (binding !== undefined) return binding.value;
  // PATH has a value even in an image from scratch.
  if (!scope.open && name !== "PATH") return undefined;
  return { because: `$${name} may come from the base image` };
}

/** What a stage inherits from a stage that it is built from. */
export function inherited(scope: Variables): Variables {
  const bindings = new Map<string, Binding>();
  for (const [name, binding] of scope.bindings) {
    // BuildKit passes ARGs on as it does ENV; buildah does not.
    const because = `$${name} is an ARG of the stage below, which engines pass on differently`;
    bindings.set(name, binding.by === "env" ? binding : { value: { because }, by: "arg" });
  }
  return { bindings, open: scope.open };
}

/** The args that the build may see, and of these the ones that the key covers. */
export function seenArgs(
  args: Args,
  all: boolean,
  names: ReadonlySet<string>,
): { readonly args: Args; readonly keyedArgs: Args } {
  const isGiven = (name: string): boolean => all || names.has(name) || isOption(name);
  return {
    args: pick(args, (name) => isGiven(name) || isProxy(name)),
    keyedArgs: pick(args, (name) => isGiven(name) && (names.has(name) || !isProxy(name))),
  };
}

function pick(args: Args, wanted: (name: string) => boolean): Args {
  const kept = Object.entries(args).filter(([name]) => wanted(name));
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Args that steer the engine rather than the Dockerfile. */
function isOption(name: string): boolean {
  return name.startsWith("BUILDKIT_") || name === "SOURCE_DATE_EPOCH";
}

/** Proxy args reach RUN without an ARG; where a build fetches through is no part of its meaning. */
export function isProxy(name: string): boolean {
  return /^(https?|ftp|no|all)_proxy$/i.test(name);
}

/** The args that no ARG of the file declares. */
export function unusedArgs({ stages }: Parsed, globals: Globals, args: Args): readonly string[] {
  const instructions = stages.flatMap((stage) => stage.instructions);
  const own = instructions.filter(({ keyword }) => keyword === "arg").flatMap(argsOf);
  const declared = new Set([...globals.declared, ...own.map(({ name }) => name)]);
  const known = (name: string): boolean =>
    declared.has(name) || globals.values.has(name) || isOption(name) || isProxy(name);
  return Object.keys(args)
    .filter((name) => !known(name))
    .sort();
}
