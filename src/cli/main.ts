/** From arguments to an exit code; the only place that catches, prints and decides how the process ends. */
import { CommanderError } from "commander";
import { defaults } from "../config/defaults.ts";
import { givenVariables } from "../config/given.ts";
import { exitCodes } from "../errors.ts";
import { closeLog } from "../host/console.ts";
import { describeError, exitCodeOf } from "./fail.ts";
import { makeProgram } from "./program.ts";

/** Runs one command line and sets the exit code of the process; never throws. */
export async function main(args: readonly string[]): Promise<void> {
  process.stdout.on("error", forgiveGoneReader);
  forgetEmpty(process.env);
  try {
    const program = await makeProgram(args[0]);
    await program.parseAsync(args, { from: "user" }).finally(closeLog);
  } catch (error) {
    process.exitCode = endOf(error);
  }
}

function endOf(error: unknown): number {
  // It has been printed already; help and version are thrown too.
  if (error instanceof CommanderError)
    return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  const prefix = process.env[givenVariables.prefix] ?? defaults.prefix;
  process.stderr.write(describeError(error, process.env[`${prefix}_DEBUG`] === "1"));
  return exitCodeOf(error);
}

/** `berth key | head -1` has all that it wanted. */
function forgiveGoneReader(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

/** Forgets inputs that were left empty: they reach a job as empty variables. */
function forgetEmpty(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(env)) {
    if (name.startsWith("BERTH_INPUT_") && env[name] === "") delete env[name];
  }
}
