/** One instruction in its place: what it means, what it reads, and which variables it sets. */

import type { Json } from "../json.ts";
import { expand, type Step, type Surroundings } from "./around.ts";
import { copyStep } from "./copy.ts";
import { instructionCode } from "./encode.ts";
import type { Instruction } from "./instruction.ts";
import { placeOf } from "./lines.ts";
import { runStep } from "./mount.ts";
import { argsOf, bindArg, bindEnv, blur, configured, emptyScope, type Scope } from "./scope.ts";
import type { Lexed, Unknown } from "./shell.ts";

export function takeStep(instruction: Instruction, scope: Scope, around: Surroundings): Step {
  const reads = { sources: [], uses: [] };
  switch (instruction.keyword) {
    case "arg":
      return { ...reads, code: declareArgs(instruction, scope, around) };
    case "env":
      setEnv(instruction, scope, around);
      break;
    case "copy":
    case "add":
      return copyStep(instruction, scope, around);
    case "run":
      return runStep(instruction, scope, around);
    case "onbuild":
      checkTrigger(instruction, around);
      break;
  }
  return { ...reads, code: instructionCode(instruction) };
}

/** ARGs count with the values that they have here, so a default that is overridden does not. */
function declareArgs(instruction: Instruction, scope: Scope, around: Surroundings): Json {
  const code: Json[] = [];
  const siblings = new Set<string>();
  for (const { name, fallback, at } of argsOf(instruction)) {
    const given = configured(around.args, name);
    const imported = fallback === undefined ? around.globals.values.get(name) : undefined;
    const known = given ?? imported;
    const read =
      known === undefined && fallback !== undefined ? expand(fallback, scope, around) : undefined;
    if (read?.error !== undefined) {
      around.complain(placeOf(instruction.line, at), `ARG ${name}: ${read.error}`);
    }
    const value = known ?? (read === undefined ? undefined : asValue(read, siblings));
    siblings.add(name);
    if (value !== undefined) bindArg(scope, name, value);
    const unknown = value !== undefined && typeof value !== "string";
    code.push([name, unknown ? { expand: fallback ?? "" } : (value ?? null)]);
  }
  return { arg: code };
}

/** A text's value, unless only the engine knows it or engines differ on it. */
function asValue(read: Lexed, siblings?: ReadonlySet<string>): string | Unknown {
  if (read.unknown !== undefined) return { because: read.unknown };
  // Newer BuildKit lets the names of one ARG see each other; older ones and buildah do not.
  const sibling = [...read.names].find((name) => siblings?.has(name));
  if (sibling === undefined) return read.text;
  return { because: `$${sibling} is set by the same ARG, where engines differ on its value` };
}

/** The pairs of one ENV do not see each other. */
function setEnv({ body, line }: Instruction, scope: Scope, around: Surroundings): void {
  const pairs = body.kind === "pairs" ? body.pairs : [];
  const read = pairs.map((pair) => ({
    pair,
    name: expand(pair.name, scope, around),
    value: expand(pair.value, scope, around),
  }));
  for (const { pair, name, value } of read) {
    const error = name.error ?? value.error;
    if (error !== undefined) around.complain(placeOf(line, pair.at), `ENV ${pair.name}: ${error}`);
    if (name.unknown !== undefined) blur(scope);
    else bindEnv(scope, name.text, asValue(value));
  }
}

/** A trigger runs in another build, whose key would not cover what ADD fetches. */
function checkTrigger({ body }: Instruction, around: Surroundings): void {
  if (body.kind !== "trigger" || body.instruction.keyword !== "add") return;
  copyStep(body.instruction, emptyScope(true), around);
}
