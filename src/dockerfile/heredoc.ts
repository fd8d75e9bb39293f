/** Heredocs in the text of RUN, COPY and ADD, found as BuildKit finds them. */

import { lex } from "./shell.ts";

export interface Heredoc {
  readonly name: string;
  /** `<<-`: tabs at the front of its lines do not count. */
  readonly chomp: boolean;
  /** No part of the name is quoted, so variables in the body are expanded. */
  readonly expand: boolean;
  /** With line ends as they are in the file. */
  readonly body: string;
}

/** A word that opens a heredoc if the line that ends it follows. */
export interface Opening {
  readonly name: string;
  readonly chomp: boolean;
  readonly expand: boolean;
  /**
   * Only newer parsers take it for a heredoc (white space after `<<`), or it stands in arithmetic: without
   * a line that ends it, it is none.
   */
  readonly doubtful: boolean;
}

const opening = /^\d*<<(-?)([\t\r ]*)([^<]*)$/;

/** The heredocs that a line opens, in order. A line with unbalanced quotes opens none. */
export function openings(line: string): readonly Opening[] {
  if (!line.includes("<<")) return [];
  const found: Opening[] = [];
  const arithmetic = line.indexOf("((");
  for (const word of lex(line, { escape: "\\", raw: true, words: true }).words) {
    const read = readOpening(word);
    if (read === undefined) continue;
    const within = arithmetic >= 0 && line.indexOf(word) > arithmetic;
    found.push(within ? { ...read, doubtful: true } : read);
  }
  return found;
}

/** Reads one word such as `<<-'EOF'`; `undefined` where it opens no heredoc. */
export function readOpening(word: string): Opening | undefined {
  const match = opening.exec(word);
  const rest = match?.[3];
  if (match === null || rest === undefined || rest === "") return undefined;
  const plain = lex(rest, { escape: "\\", words: true });
  const raw = lex(rest, { escape: "\\", raw: true, words: true });
  const name = plain.words[0];
  if (name === undefined || plain.words.length !== 1 || plain.error !== undefined) return undefined;
  return {
    name,
    chomp: match[1] === "-",
    expand: quotes(name) === quotes(raw.words[0] ?? ""),
    doubtful: match[2] !== "",
  };
}

function quotes(text: string): number {
  return text.match(/['"]/g)?.length ?? 0;
}
