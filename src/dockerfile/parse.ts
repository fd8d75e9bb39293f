/** A Dockerfile's text as global ARGs and stages. */

import { type Directives, readDirectives } from "./directives.ts";
import { type Heredoc, openings } from "./heredoc.ts";
import { type Instruction, readInstruction, takesHeredocs } from "./instruction.ts";
import { type Complain, type Line, type LineReader, lineReader, placeOf } from "./lines.ts";

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
  const reader = lineReader(text, escapeWith);
  const found: Instruction[] = [];
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    const instruction = readInstruction(line, 0, escapeWith, complain);
    if (instruction === undefined) continue;
    if (!takesHeredocs(instruction)) found.push(instruction);
    else {
      const heredocs = readHeredocs(line, reader, complain);
      found.push(withHeredocs(instruction, heredocs, reader.count()));
    }
  }
  return found;
}

function readHeredocs(line: Line, reader: LineReader, complain: Complain): readonly Heredoc[] {
  const found: Heredoc[] = [];
  for (const { name, chomp, expand, doubtful } of openings(line.text)) {
    const body = reader.body(name, chomp);
    if (body !== undefined) {
      found.push({ name, chomp, expand, body });
    } else if (!doubtful) {
      complain(placeOf(line, 0), `heredoc is not closed: no line ${JSON.stringify(name)} follows`);
      reader.stop();
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
