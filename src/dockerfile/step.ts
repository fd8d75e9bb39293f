/** One instruction in its place: what it means, what it reads, and which variables it sets. */

import { expand, nothing, type Step, type Surroundings } from "./around.ts";
import { copyStep } from "./copy.ts";
import type { Instruction } from "./instruction.ts";
import { placeOf } from "./lines.ts";
import { runStep } from "./mount.ts";
import { argsOf, bindArg, bindEnv, blur, configured, emptyScope, type Variables } from "./scope.ts";
import type { Lexed, Unknown } from "./shell.ts";

/** Takes the variables of an instruction into the scope, and says what it reads. */
export function takeStep(instruction: Instruction, scope: Variables, around: Surroundings): Step {
  switch (instruction.keyword) {
    case "arg":
      declareArgs(instruction, scope, around);
      return nothing;
    case "env":
      setEnv(instruction, scope, around);
      return nothing;
    case "copy":
    case "add":
      return copyStep(instruction, scope, around);
    case "run":
      return runStep(instruction, scope, around);
    case "onbuild":
      checkTrigger(instruction, around);
      return nothing;
    default:
      return nothing;
  }
}

/** ARGs have the values that they get here, so a default that is overridden is not read. */
function declareArgs(instruction: Instruction, scope: Variables, around: Surroundings): void {
  for (const { name, fallback, at } of argsOf(instruction)) {
    const imported = fallback === undefined ? around.globals.values.get(name) : undefined;
    const known = configured(around.args, name) ?? imported;
    if (known !== undefined) bindArg(scope, name, known);
    else if (fallback !== undefined) {
      const read = expand(fallback, scope, around);
      if (read.error !== undefined)
        around.complain(placeOf(instruction.line, at), `ARG ${name}: ${read.error}`);
      bindArg(scope, name, asValue(read));
    }
  }
}

/** A text's value, unless only the engine knows it. */
function asValue(read: Lexed): string | Unknown {
  return read.unknown === undefined ? read.text : { because: read.unknown };
}

/** The pairs of one ENV do not see each other. */
function setEnv({ body, line }: Instruction, scope: Variables, around: Surroundings): void {
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
