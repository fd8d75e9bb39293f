/** The lines of a Dockerfile that a target needs, as they are written: what is hashed, and what the engine gets. */

import type { Parsed } from "./parse.ts";
import type { Naming } from "./references.ts";
import { argsOf } from "./scope.ts";
import type { ResolvedStage } from "./stages.ts";

/** A text whose lines lead back to the Dockerfile. */
export interface MappedText {
  /** Ends in one line feed. */
  readonly text: string;
  /** For each line of the text its line in the Dockerfile, from 1. */
  readonly lines: readonly number[];
}

/** A Dockerfile's physical lines, with those that its target needs. */
export interface Kept {
  readonly text: string;
  /** Its physical lines. */
  readonly physical: readonly string[];
  readonly needed: readonly boolean[];
  /** The stages that count, by their place in the file; the engine sees no others. */
  readonly numbers: ReadonlyMap<number, number>;
  /** Names of images and stages on the kept lines, in the order of the text, each once. */
  readonly namings: readonly Naming[];
}

/**
 * Keeps FROM and the instructions of needed stages and the global ARGs in force, each from its first to its
 * last physical line, and the directives above them; of a foreign frontend's file everything.
 *
 * `globals` are the names in force.
 */
export function keep(
  text: string,
  parsed: Parsed,
  stages: readonly ResolvedStage[],
  globals: ReadonlySet<string>,
): Kept {
  const { directives } = parsed;
  const physical = linesOf(text);
  const isWhole = isForeign(directives.syntax);
  const needed = new Array<boolean>(physical.length).fill(isWhole);
  needed.fill(true, 0, directives.lines);
  const inForce = parsed.globals.filter((one) => argsOf(one).some(({ name }) => globals.has(name)));
  const own = stages.flatMap(({ stage }) => [stage.from, ...stage.instructions]);
  for (const { line, last } of [...inForce, ...own])
    needed.fill(true, line.pieces[0]!.line - 1, last);
  const namings = new Map(stages.flatMap((stage) => stage.namings).map((one) => [one.start, one]));
  return {
    text,
    physical,
    needed,
    numbers: new Map(
      stages.map(({ stage: { index } }, position) => [index, isWhole ? index : position]),
    ),
    namings: [...namings.values()].sort((a, b) => a.start - b.start),
  };
}

/** A frontend of another kind may read any line, and any arg. */
export function isForeign(syntax: string | undefined): boolean {
  return syntax !== undefined && !/^(\S+\/)?docker\/dockerfile(-upstream)?([:@]\S*)?$/.test(syntax);
}

/** The text that the key covers: the needed lines alone, references as written, stages by their kept number. */
export function hashedText(kept: Kept): MappedText {
  return write(kept, (naming, written) => numberOf(naming, kept) ?? written, true);
}

/**
 * The text that the engine gets: the images by the names that `nameFor` gives, or expanded where it gives none.
 *
 * Lines that are not needed are empty, so that an engine's line numbers are the file's, up to the first needed
 * line that holds `<<`; behind it they are left out, lest one of them end up in a heredoc.
 */
export function builtText(kept: Kept, nameFor: (naming: Naming) => string | undefined): MappedText {
  const nameOf = (naming: Naming): string =>
    numberOf(naming, kept) ?? nameFor(naming) ?? naming.reference;
  return write(kept, nameOf, false);
}

/** The number of a stage among those that are kept, where the text names it by a number. */
function numberOf({ origin, reference }: Naming, { numbers }: Kept): string | undefined {
  if (origin.kind !== "stage" || !/^[+-]?[0-9]+$/.test(reference)) return undefined;
  return String(numbers.get(origin.index));
}

function write(
  kept: Kept,
  nameOf: (naming: Naming, written: string) => string,
  dense: boolean,
): MappedText {
  const { text, physical, needed, namings } = kept;
  let rewritten = "";
  let done = 0;
  for (const naming of namings) {
    const { start, end } = naming;
    rewritten += text.slice(done, start) + nameOf(naming, text.slice(start, end));
    done = end;
  }
  rewritten += text.slice(done);
  const written = rewritten === text ? physical : linesOf(rewritten);
  const heredoc = written.findIndex((line, at) => needed[at] && line.includes("<<"));
  const lines: number[] = [];
  let out = "";
  const last = needed.lastIndexOf(true);
  for (let at = 0; at <= last; at++) {
    const spaced = !dense && (heredoc < 0 || at < heredoc);
    if (!needed[at] && !spaced) continue;
    out += needed[at] ? `${written[at]}\n` : "\n";
    lines.push(at + 1);
  }
  return { text: out, lines };
}

/** Physical lines without a byte order mark, which engines drop too. */
function linesOf(text: string): readonly string[] {
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}
