/** Turns an error into words and an exit code. */
import { BerthError, type ExitCode, errorCodes, exitCodes, printProblem } from "../errors.ts";

/** Prints an error for a person: what happened, all mistakes, what to do next. */
export function describeError(error: unknown, debug: boolean): string {
  if (!(error instanceof BerthError)) return describeBug(error);
  const lines = [`berth: ${error.message} [${error.code}]`];
  lines.push(...error.problems.map((problem) => `  ${printProblem(problem)}`));
  if (error.hint !== undefined) lines.push(`  hint: ${error.hint}`);
  if (debug && error.stack !== undefined) lines.push(error.stack);
  return `${lines.join("\n")}\n`;
}

function describeBug(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `berth: this is a bug of berth's own, please report it with the command that you ran:\n${stack}\n`;
}

export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof BerthError ? errorCodes[error.code] : exitCodes.internal;
}
