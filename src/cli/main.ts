/** From arguments to an exit code; the only place that catches, prints and decides how the process ends. */
import { exitCodes } from "../errors.ts";
import { closeLog } from "../host/console.ts";
import { describeError, exitCodeOf } from "./fail.ts";
import { plainKey } from "./plain.ts";

/** Runs one command line; never throws. */
export async function main(args: readonly string[]): Promise<number> {
  process.stdout.on("error", forgiveGoneReader);
  try {
    const plain = process.env["BERTH_CONFIG"] === undefined ? plainKey(args) : undefined;
    const run = plain === undefined ? parseAndRun(args) : runKey(plain.names, plain.options);
    return await run.finally(closeLog);
  } catch (error) {
    process.stderr.write(describeError(error, process.env["BERTH_DEBUG"] === "1"));
    return exitCodeOf(error);
  }
}

async function runKey(names: readonly string[], options: { readonly json: boolean }) {
  const { keyCommand } = await import("./key.ts");
  return keyCommand(names, options);
}

async function parseAndRun(args: readonly string[]): Promise<number> {
  const [{ CommanderError }, { makeProgram }] = await Promise.all([
    import("commander"),
    import("./program.ts"),
  ]);
  let code: number = exitCodes.done;
  const program = makeProgram((result) => {
    code = result;
  });
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  }
}

/** `berth key | head -1` has all that it wanted. */
function forgiveGoneReader(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
