/** What the process for objects answers (git-cat-file(1), "BATCH OUTPUT"). */
import type { GitObject } from "../world.ts";

/** What the process writes for a request. */
export type BatchAnswer =
  | { readonly kind: "object"; readonly object: GitObject }
  | { readonly kind: "missing" }
  | { readonly kind: "broken"; readonly message: string };

const header = /^([0-9a-f]{40}|[0-9a-f]{64}) (blob|tree|commit|tag) (\d+)$/;

interface Body {
  readonly id: string;
  readonly type: GitObject["type"];
  readonly size: number;
  /** The object's bytes and the newline after them, where they come in several pieces. */
  bytes: Buffer | undefined;
  filled: number;
}

/** Gives a consumer of output that calls back once for each answer; a body that comes in several pieces is copied once. */
export function batchParser(onAnswer: (answer: BatchAnswer) => void): (chunk: Buffer) => void {
  let line = "";
  let body: Body | undefined;
  const takeLine = (chunk: Buffer): number => {
    const end = chunk.indexOf(0x0a);
    line += chunk.toString("latin1", 0, end < 0 ? chunk.length : end);
    if (end < 0) return chunk.length;
    body = parseHeader(line);
    if (body === undefined) onAnswer(answerWithoutBody(line));
    line = "";
    return end + 1;
  };
  const takeBody = (chunk: Buffer, into: Body): number => {
    const { id, type, size } = into;
    const isWhole = into.filled === 0 && chunk.length > size;
    if (!isWhole) into.bytes ??= Buffer.allocUnsafeSlow(size + 1);
    const taken = into.bytes === undefined ? size + 1 : chunk.copy(into.bytes, into.filled);
    into.filled += taken;
    if (into.filled <= size) return taken;
    body = undefined;
    const bytes = (into.bytes ?? chunk).subarray(0, size);
    onAnswer({ kind: "object", object: { id, type, bytes } });
    return taken;
  };
  return (chunk) => {
    let rest = chunk;
    while (rest.length > 0) {
      rest = rest.subarray(body === undefined ? takeLine(rest) : takeBody(rest, body));
    }
  };
}

/**
 * The same for output of which the sizes cannot be believed (`--filters` tells them of the stored bytes): each
 * answer goes on up to `end`, a line that no content can hold.
 */
export function endedParser(
  end: Buffer,
  onAnswer: (answer: BatchAnswer) => void,
): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let tail = Buffer.alloc(0);
  return (chunk) => {
    // Behind the bytes in which an end may have begun, so that it is found across chunks.
    let rest: Buffer = tail.length === 0 ? chunk : Buffer.concat([tail, chunk]);
    for (let at = rest.indexOf(end); at >= 0; at = rest.indexOf(end)) {
      onAnswer(answerOf(Buffer.concat([...parts, rest.subarray(0, at)])));
      parts = [];
      rest = rest.subarray(at + end.length);
    }
    const kept = Math.max(rest.length - end.length + 1, 0);
    parts.push(rest.subarray(0, kept));
    tail = Buffer.from(rest.subarray(kept));
  };
}

function answerOf(section: Buffer): BatchAnswer {
  const newline = section.indexOf(0x0a);
  const line = section.toString("latin1", 0, newline < 0 ? section.length : newline);
  const [, id, type] = header.exec(line) ?? [];
  if (id === undefined || type === undefined) return answerWithoutBody(line);
  const bytes = Buffer.allocUnsafeSlow(section.length - newline - 1);
  section.copy(bytes, 0, newline + 1);
  return { kind: "object", object: { id, type: type as GitObject["type"], bytes } };
}

function parseHeader(line: string): Body | undefined {
  const [, id, type, size] = header.exec(line) ?? [];
  if (id === undefined || type === undefined) return undefined;
  return { id, type: type as GitObject["type"], size: Number(size), bytes: undefined, filled: 0 };
}

function answerWithoutBody(line: string): BatchAnswer {
  // "submodule" is what newer versions answer for a commit that another repository holds.
  if (/ (missing|submodule)$/.test(line)) return { kind: "missing" };
  if (line.endsWith(" ambiguous")) return { kind: "broken", message: "the name is ambiguous" };
  return { kind: "broken", message: `unexpected answer ${JSON.stringify(line.slice(0, 200))}` };
}
