/** What can go wrong, as a closed list: every code has an exit code here and a heading in docs/messages.md. */
import { printable, printableLine } from "./printable.ts";

/** Exit codes are part of the interface: the templates retry 75 and nothing else. */
export const exitCodes = {
  done: 0,
  /** The build or the content failed. */
  failed: 1,
  /** Wrong use or wrong configuration. */
  usage: 64,
  /** A bug of berth's own. */
  internal: 70,
  /** The outside was unavailable; trying again may help. */
  unavailable: 75,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Every error code with the exit code that it ends the process with. */
export const errorCodes = {
  USAGE: exitCodes.usage,
  CONFIG_INVALID: exitCodes.usage,
  DOCKERFILE_INVALID: exitCodes.usage,
  CONTEXT_INVALID: exitCodes.usage,
  CONTEXT_ABSENT: exitCodes.usage,
  REFERENCE_INVALID: exitCodes.usage,
  IMAGE_CYCLE: exitCodes.usage,
  IMAGE_UNKNOWN: exitCodes.usage,
  IMAGE_ABSENT: exitCodes.failed,
  TREE_DIRTY: exitCodes.usage,
  REGISTRY_UNSET: exitCodes.usage,
  DOTENV_LIMIT: exitCodes.usage,
  OUTPUT_INVALID: exitCodes.usage,
  FILE_REFUSED: exitCodes.usage,
  DISK_FULL: exitCodes.failed,
  PLAN_INVALID: exitCodes.usage,
  PLAN_STALE: exitCodes.failed,
  GIT_FAILED: exitCodes.failed,
  ENGINE_MISSING: exitCodes.usage,
  ENGINE_UNAVAILABLE: exitCodes.unavailable,
  SECRET_MISSING: exitCodes.usage,
  BUILD_FAILED: exitCodes.failed,
  BASE_ONBUILD: exitCodes.failed,
  CONTAINER_FAILED: exitCodes.failed,
  SET_INCOMPLETE: exitCodes.failed,
  SET_UNTESTED: exitCodes.failed,
  TAG_TAKEN: exitCodes.failed,
  MANIFEST_INVALID: exitCodes.failed,
  REGISTRY_DENIED: exitCodes.failed,
  REGISTRY_REFUSED: exitCodes.failed,
  REGISTRY_UNAVAILABLE: exitCodes.unavailable,
  GITLAB_DENIED: exitCodes.failed,
  GITLAB_REFUSED: exitCodes.failed,
  GITLAB_ANSWER: exitCodes.failed,
  GITLAB_UNAVAILABLE: exitCodes.unavailable,
  INTERRUPTED: exitCodes.failed,
} as const satisfies Record<string, ExitCode>;

export type ErrorCode = keyof typeof errorCodes;

/** One mistake in a file that a person wrote; lines and columns count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface ErrorDetails {
  /** What to do next, one sentence. */
  readonly hint?: string | undefined;
  /** All mistakes found, when there can be several. */
  readonly problems?: readonly Problem[];
  /** The last lines of a program that failed. */
  readonly output?: readonly string[];
  readonly cause?: unknown;
}

/**
 * The only error that berth throws on purpose.
 *
 * The message says what was being done, on what, and what happened; it is built from references,
 * statuses and codes, never from headers, tokens or a foreign error's fields.
 */
export class BerthError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly problems: readonly Problem[];
  readonly output: readonly string[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.name = "BerthError";
    this.code = code;
    this.hint = details.hint;
    this.problems = details.problems ?? [];
    this.output = details.output ?? [];
  }
}

/** For `catch`: what is made of an error of berth's own; anything else is a bug, which goes on. */
export function expected<T>(answer: (error: BerthError) => T): (error: unknown) => T {
  return (error) => {
    if (!(error instanceof BerthError)) throw error;
    return answer(error);
  };
}

/** An answer that may be done without: `undefined` where an error of berth's own took its place. */
export function ifPossible<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch(expected(() => undefined));
}

/** The order of problems in a file, for sorting. */
export function byPlace(a: Omit<Problem, "message">, b: Omit<Problem, "message">): number {
  return a.line - b.line || a.column - b.column;
}

/** Prints a problem as compilers do, so that editors and terminals make it a link. */
export function printProblem(problem: Problem): string {
  return printableLine(`${problem.file}:${problem.line}:${problem.column}: ${problem.message}`);
}

/** Prints an error for a person: what happened, all mistakes, what to do next. */
export function describeError(error: unknown, debug = false): string {
  if (!(error instanceof BerthError)) return describeBug(error);
  const lines = [`berth: ${error.message} [${error.code}]`];
  lines.push(...error.problems.map(printProblem));
  if (error.hint !== undefined) lines.push(`hint: ${error.hint}`);
  // What goes on below its first line is set in, so that no stranger's line looks like one of ours.
  const text = printable(lines.join("\n")).replaceAll("\n", "\n  ");
  return debug && error.stack !== undefined ? `${text}\n${printable(error.stack)}\n` : `${text}\n`;
}

/** The same for a program: what `--json` prints in place of a result. */
export function errorValue(error: unknown): object {
  if (error instanceof BerthError) {
    const { code, message, hint = null, problems } = error;
    return { error: { code, message, hint, problems } };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { error: { code: "INTERNAL", message, hint: null, problems: [] } };
}

function describeBug(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `berth: this is a bug of berth's own, please report it with the command that you ran:\n${printable(stack)}\n`;
}

export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof BerthError ? errorCodes[error.code] : exitCodes.internal;
}
