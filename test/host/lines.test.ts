import assert from "node:assert/strict";
import { test } from "node:test";
import { lineReader } from "../../src/host/run.ts";

function linesOf(...chunks: readonly string[]): readonly string[] {
  const lines: string[] = [];
  const reader = lineReader((line) => lines.push(line));
  for (const chunk of chunks) reader.add(Buffer.from(chunk));
  reader.end();
  return lines;
}

const long = "x".repeat(64 * 1024);
for (const [what, chunks, expected] of [
  ["whole once its end comes", ["a", "b\nc", "\n"], ["ab", "c"]],
  ["handed on at the end without one", ["a\nb"], ["a", "b"]],
  ["what a terminal showed last", ["10%\r20", "%\r30%\n"], ["30%"]],
  ["without the CR of a CRLF that is cut in two", ["a\r", "\nb\r\n"], ["a", "b"]],
  ["whole up to 64 KiB", [long, "\n"], [long]],
  ["in pieces beyond that", [`${long}y`, "z\n"], [`${long}y`, "z"]],
] as const)
  test(`a line is ${what}`, () => assert.deepEqual(linesOf(...chunks), expected));

test("a letter that is cut in two is one letter", () => {
  const lines: string[] = [];
  const reader = lineReader((line) => lines.push(line));
  for (const byte of Buffer.from("ü\n")) reader.add(Uint8Array.of(byte));
  assert.deepEqual(lines, ["ü"]);
});
