/** From arguments to an exit code; the only place that catches, prints and decides how the process ends. */
import { CommanderError } from "commander";
import { type ExitCode, exitCodes } from "../errors.ts";
import { describeError, exitCodeOf } from "./fail.ts";
import { makeProgram } from "./program.ts";

/** Runs one command line; never throws. */
export async function main(args: readonly string[]): Promise<number> {
  let code: ExitCode = exitCodes.done;
  const program = makeProgram((result) => {
    code = result;
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    process.stderr.write(describeError(error, process.env["BERTH_DEBUG"] === "1"));
    return exitCodeOf(error);
  }
}
