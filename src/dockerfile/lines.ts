/** A Dockerfile's text as logical lines: continuations joined, comments and empty lines dropped. */

import { skipSpace } from "./words.ts";

/** Where a part of a logical line stands in the file; lines and columns count from 1. */
interface Piece {
  /** Index in the logical line. */
  readonly at: number;
  /** Index in the file's text. */
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** One instruction's text as BuildKit's parser joins it, with the way back to the file. */
export interface Line {
  readonly text: string;
  readonly pieces: readonly Piece[];
  /** Its last physical line, heredocs not counted. */
  readonly last: number;
}

export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** Where mistakes go; they are thrown together at the end. */
export type Complain = (place: TextPosition, message: string) => void;

export type Escape = "\\" | "`";

/** Where the reading of logical lines, and of heredoc bodies between them, has come to. */
export interface Cursor {
  readonly text: string;
  readonly escapeWith: Escape;
  /** Where each line occurs last, without and with tabs at its front; made when first needed. */
  readonly last: Map<boolean, ReadonlyMap<string, number>>;
  /** The offset of the physical line to read next, and how many have been read. */
  at: number;
  line: number;
}

export function startOf(text: string, escapeWith: Escape): Cursor {
  return { text, escapeWith, at: text.startsWith("\uFEFF") ? 1 : 0, line: 0, last: new Map() };
}

/** A physical line without its line end. */
interface Part {
  readonly start: number;
  /** Where its white space at the front ends. */
  readonly textAt: number;
  readonly end: number;
  readonly line: number;
}

function nextPart(cursor: Cursor): Part | undefined {
  const { text, at: start } = cursor;
  if (start >= text.length) return undefined;
  const newline = text.indexOf("\n", start);
  let end = newline < 0 ? text.length : newline;
  cursor.at = end + 1;
  while (end > start && text[end - 1] === "\r") end--;
  return { start, textAt: skipSpace(text, start, end), end, line: ++cursor.line };
}

/** The next physical line that is neither empty nor a comment, inside a continuation or not. */
function nextText(cursor: Cursor): Part | undefined {
  for (let part = nextPart(cursor); part !== undefined; part = nextPart(cursor)) {
    if (part.textAt < part.end && cursor.text[part.textAt] !== "#") return part;
  }
  return undefined;
}

export function nextLine(cursor: Cursor): Line | undefined {
  for (let part = nextText(cursor); part !== undefined; part = nextText(cursor)) {
    const line = join(cursor, part);
    if (line.text !== "") return line;
  }
  return undefined;
}

/** Joins a line with those that continue it; white space at their front stays. */
function join(cursor: Cursor, first: Part): Line {
  const pieces: Piece[] = [];
  let text = "";
  let offset = first.textAt;
  let last = first.line;
  for (let part: Part | undefined = first; part !== undefined; ) {
    pieces.push({ at: text.length, offset, line: part.line, column: offset - part.start + 1 });
    const kept = beforeContinuation(cursor, offset, part.end);
    text += cursor.text.slice(offset, kept ?? part.end);
    part = kept === undefined ? undefined : nextText(cursor);
    offset = part?.start ?? offset;
    last = cursor.line;
  }
  return { text, pieces, last };
}

/** The index of the character that continues a line, or `undefined` where none does. */
function beforeContinuation(cursor: Cursor, start: number, lineEnd: number): number | undefined {
  const { text, escapeWith } = cursor;
  let end = lineEnd;
  while (end > start && (text[end - 1] === " " || text[end - 1] === "\t")) end--;
  if (end === start || text[end - 1] !== escapeWith) return undefined;
  return end - 1 > start && text[end - 2] === escapeWith ? undefined : end - 1;
}

/**
 * The lines up to the one that ends a heredoc, as they are; `undefined` where no such line follows, and then nothing is
 * consumed.
 */
export function heredocBody(
  cursor: Cursor,
  terminator: string,
  chomp: boolean,
): string | undefined {
  const last = cursor.last.get(chomp) ?? lastOccurrences(cursor.text, chomp);
  cursor.last.set(chomp, last);
  const begin = cursor.at;
  if ((last.get(terminator) ?? -1) < begin) return undefined;
  for (let part = nextPart(cursor); part !== undefined; part = nextPart(cursor)) {
    if (lineText(cursor.text, part, chomp) === terminator) {
      return cursor.text.slice(begin, part.start);
    }
  }
  return undefined;
}

/** Says, without another walk over the file for each heredoc, whether the line that ends it follows. */
function lastOccurrences(text: string, chomp: boolean): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  const cursor: Cursor = { text, escapeWith: "\\", at: 0, line: 0, last: new Map() };
  for (let part = nextPart(cursor); part !== undefined; part = nextPart(cursor)) {
    last.set(lineText(text, part, chomp), part.start);
  }
  return last;
}

function lineText(text: string, { start, end }: Part, chomp: boolean): string {
  const line = text.slice(start, end);
  return chomp ? line.replace(/^\t+/, "") : line;
}

/** The place in the file of an index in a logical line. */
export function placeOf(line: Line, index: number): TextPosition {
  const piece = pieceAt(line, index);
  return { line: piece.line, column: piece.column + index - piece.at };
}

/** The offset in the file's text of an index in a logical line. */
export function offsetOf(line: Line, index: number): number {
  const piece = pieceAt(line, index);
  return piece.offset + index - piece.at;
}

function pieceAt(line: Line, index: number): Piece {
  return line.pieces.findLast((piece) => piece.at <= index) ?? line.pieces[0]!;
}
