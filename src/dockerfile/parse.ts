/** A Dockerfile's text as parser directives, global ARGs and stages. */

import {
  type Heredoc,
  type Instruction,
  openings,
  readInstruction,
  takesHeredocs,
} from "./instruction.ts";
import {
  type Complain,
  type Cursor,
  type Escape,
  heredocBody,
  type Line,
  nextLine,
  placeOf,
  startOf,
  type TextPosition,
} from "./lines.ts";
import { skipSpace } from "./words.ts";

/** The comments at the very top that change how the rest is read. */
export interface Directives {
  readonly escape: Escape;
  /** The frontend image that reads the file, where the file names one. */
  readonly syntax: string | undefined;
  /** How many physical lines at the top an engine could take for directives, a `#!` among them. */
  readonly lines: number;
}

export interface Stage {
  readonly index: number;
  /** In lower case, as BuildKit compares names. */
  readonly name: string | undefined;
  readonly from: Instruction;
  readonly instructions: readonly Instruction[];
}

export interface Parsed {
  readonly directives: Directives;
  /** The ARGs before the first FROM. */
  readonly globals: readonly Instruction[];
  readonly stages: readonly Stage[];
}

export function parseDockerfile(text: string, complain: Complain): Parsed {
  const directives = readDirectives(text, complain);
  return { directives, ...arrange(readInstructions(text, directives, complain), complain) };
}

function readInstructions(
  text: string,
  { escape: escapeWith }: Directives,
  complain: Complain,
): readonly Instruction[] {
  const cursor = startOf(text, escapeWith);
  const found: Instruction[] = [];
  for (let line = nextLine(cursor); line !== undefined; line = nextLine(cursor)) {
    const instruction = readInstruction(line, 0, escapeWith, complain);
    if (instruction === undefined) continue;
    if (!takesHeredocs(instruction)) found.push(instruction);
    else {
      const heredocs = readHeredocs(line, cursor, complain);
      found.push(withHeredocs(instruction, heredocs, cursor.line));
    }
  }
  return found;
}

function readHeredocs(line: Line, cursor: Cursor, complain: Complain): readonly Heredoc[] {
  const found: Heredoc[] = [];
  for (const { name, chomp, expand, doubtful } of openings(line.text)) {
    const body = heredocBody(cursor, name, chomp);
    if (body !== undefined) {
      found.push({ name, chomp, expand, body });
    } else if (!doubtful) {
      complain(placeOf(line, 0), `heredoc is not closed: no line ${JSON.stringify(name)} follows`);
      // The rest of the file would be mistaken too.
      cursor.at = cursor.text.length;
    }
  }
  return found;
}

function withHeredocs(
  instruction: Instruction,
  heredocs: readonly Heredoc[],
  last: number,
): Instruction {
  const { body } = instruction;
  if (body.kind !== "trigger") return { ...instruction, heredocs, last };
  const triggered = withHeredocs(body.instruction, heredocs, last);
  return { ...instruction, body: { ...body, instruction: triggered }, last };
}

/** Stages are resolved by recursion, so a chain of them has to end somewhere. */
const mostStages = 500;

function arrange(instructions: readonly Instruction[], complain: Complain) {
  const globals: Instruction[] = [];
  const stages: (Stage & { readonly instructions: Instruction[] })[] = [];
  for (const instruction of instructions) {
    const stage = stages.at(-1);
    if (instruction.keyword === "from") {
      const name = stageName(instruction, complain);
      stages.push({ index: stages.length, name, from: instruction, instructions: [] });
    } else if (stage !== undefined) stage.instructions.push(instruction);
    else if (instruction.keyword === "arg") globals.push(instruction);
    else {
      const name = instruction.keyword.toUpperCase();
      complain(placeOf(instruction.line, instruction.at), `${name} stands before the first FROM`);
    }
  }
  if (stages.length === 0) complain({ line: 1, column: 1 }, "there is no FROM");
  const excess = stages[mostStages]?.from;
  if (excess !== undefined) {
    complain(placeOf(excess.line, excess.at), `there are more than ${mostStages} stages`);
    stages.length = 0;
  }
  return { globals, stages };
}

function stageName({ body, line }: Instruction, complain: Complain): string | undefined {
  const words = body.kind === "words" ? body.words : [];
  const [base, as, name] = words;
  if (words.length === 1) return undefined;
  if (words.length !== 3 || as?.text.toLowerCase() !== "as") {
    complain(
      placeOf(line, (as ?? base)?.at ?? 0),
      "FROM takes an image, or an image, AS and a name",
    );
    return undefined;
  }
  const lower = name!.text.toLowerCase();
  if (!/^[a-z][a-z0-9\-_.]*$/.test(lower)) {
    complain(placeOf(line, name!.at), `${JSON.stringify(name!.text)} cannot name a stage`);
  }
  return lower;
}

const directive = /^#[\t\f\r ]*([a-zA-Z][a-zA-Z0-9]*)[\t\f\r ]*=[\t\f\r ]*(.+?)[\t\f\r ]*$/;
const directives = ["syntax", "escape", "check"];
/** Wider than any engine's own expression: what it finds stays to the letter. */
const likely = /^\s*#[\s\u0085]*(?:syntax|escape|check)\s*=/i;

/**
 * Reads the directives; the first line that is none ends them.
 *
 * A `#!` line ends them for the parser, yet Docker still finds `# syntax=` below it.
 */
function readDirectives(text: string, complain: Complain): Directives {
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  const top = lines[0]?.startsWith("#!") ? 1 : 0;
  const found = scan(lines, top, complain);
  const wanted = top > 0 ? undefined : found.get("escape");
  if (wanted !== undefined && wanted.value !== "\\" && wanted.value !== "`") {
    complain(
      wanted,
      `escape directive ${JSON.stringify(wanted.value)}: only \\ and \` are allowed`,
    );
  }
  const end = lines.findIndex((line, at) => at >= top && !likely.test(line));
  const count = end < 0 ? lines.length : end;
  return {
    escape: wanted?.value === "`" ? "`" : "\\",
    syntax: found.get("syntax")?.value,
    lines: count === top ? 0 : count,
  };
}

type Directive = TextPosition & { readonly value: string };

function scan(
  lines: readonly string[],
  top: number,
  complain: Complain,
): ReadonlyMap<string, Directive> {
  const found = new Map<string, Directive>();
  for (const [index, line] of lines.slice(top).entries()) {
    const [, name = "", value = ""] = directive.exec(line.slice(skipSpace(line, 0))) ?? [];
    const keyword = name.toLowerCase();
    if (!directives.includes(keyword)) break;
    const place = { line: top + index + 1, column: 1 };
    if (found.has(keyword)) complain(place, `only one ${keyword} directive can be used`);
    else found.set(keyword, { value, ...place });
  }
  return found;
}
