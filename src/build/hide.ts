/** What an engine says, without the secrets and values that nobody is to read. */
import { stripVTControlCharacters } from "node:util";
import type { Args } from "../dockerfile/scope.ts";
import { patternOf } from "../printable.ts";
import type { RunResult } from "../world.ts";
import type { BuildRequest } from "./engine.ts";

/** Shorter ones would be hidden in every other word, and tell nothing. */
const shortest = 4;

/**
 * Writes `[MASKED]`, as GitLab does, for secrets wherever they stand, and for values of args as words of their own; line by line, and as
 * Go quotes them. What `told` holds, such as a default of the Dockerfile, the log says anyway: such an arg stays.
 */
export function hiding(
  secrets: readonly string[],
  args: Args,
  told: readonly string[],
): BuildRequest["hide"] {
  const hidden = secrets.flatMap(spellings);
  const words = Object.values(args)
    .flatMap(spellings)
    .map((pattern) => `(?<![\\p{L}\\p{N}])${pattern}(?![\\p{L}\\p{N}])`)
    .filter((pattern) => !told.some((text) => new RegExp(pattern, "u").test(text)));
  // The longest first: one value may begin another.
  const all = [...hidden, ...words].sort((a, b) => b.length - a.length);
  if (all.length === 0) return (text) => text;
  const pattern = new RegExp(all.join("|"), "gu");
  return (text) => text.replace(pattern, "[MASKED]");
}

/** The lines of a value, as patterns, each as it is and inside of quotes. */
function spellings(value: string): readonly string[] {
  const lines = value.split(/[\r\n]+/).map((line) => line.trim());
  const long = lines.filter(({ length }) => length >= shortest);
  const spelt = long.flatMap((line) => [line, JSON.stringify(line).slice(1, -1)]);
  return [...new Set(spelt)].map(patternOf);
}

/** Calls an engine's program; its lines go to `onLine`, the request's own where none is given. */
export type EngineCall = (
  args: readonly string[],
  onLine?: (line: string) => void,
) => Promise<RunResult>;

/** Runs an engine whose lines, and the words that errors are made of, are handed on without what is hidden, nor colours. */
export function hushed(
  request: Pick<BuildRequest, "hide" | "onLine">,
  run: (args: readonly string[], onLine: (line: string) => void) => Promise<RunResult>,
): EngineCall {
  const { hide } = request;
  return async (args, onLine = request.onLine) => {
    const result = await run(args, (line) => onLine(hide(stripVTControlCharacters(line))));
    return { ...result, stderr: hide(result.stderr) };
  };
}
