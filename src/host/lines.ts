/** Cuts a program's output into lines and keeps its newest part. */
import { StringDecoder } from "node:string_decoder";

/** A line longer than this is handed on in pieces, so that memory stays bounded. */
const longestLine = 64 * 1024;

/**
 * Hands on each line once it is whole, and what is left without a line end at the end.
 *
 * A carriage return inside a line is a progress display that overwrites itself: only the text that
 * a terminal would have shown last is handed on.
 */
export function lineReader(onLine: (line: string) => void): {
  add(chunk: Uint8Array): void;
  end(): void;
} {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const take = (text: string): void => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) onLine(shown(part));
    // The last byte may be the CR of a CRLF, so one CR at the very end is kept.
    const overwritten = rest.lastIndexOf("\r", rest.length - 2);
    if (overwritten >= 0) rest = rest.slice(overwritten + 1);
    if (rest.length > longestLine) {
      onLine(rest);
      rest = "";
    }
  };
  return {
    add: (chunk) => take(decoder.write(Buffer.from(chunk))),
    end: () => {
      take(decoder.end());
      if (rest !== "") onLine(shown(rest));
      rest = "";
    },
  };
}

function shown(line: string): string {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  return text.slice(text.lastIndexOf("\r") + 1);
}

/** Keeps the newest bytes of a stream, up to a cap. */
export function tailOf(cap: number): { add(chunk: Buffer): void; text(): string } {
  let chunks: Buffer[] = [];
  let size = 0;
  const bytes = (): Buffer => {
    const all = Buffer.concat(chunks);
    return all.length > cap ? all.subarray(firstWhole(all, all.length - cap)) : all;
  };
  return {
    add: (chunk) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size <= 2 * cap) return;
      chunks = [bytes()];
      size = chunks[0]?.length ?? 0;
    },
    text: () => bytes().toString("utf8"),
  };
}

/** The first index from `start` on that does not cut a UTF-8 character. */
function firstWhole(bytes: Buffer, start: number): number {
  let index = start;
  while (index < bytes.length && (bytes[index]! & 0xc0) === 0x80) index++;
  return index;
}
