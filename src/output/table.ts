/** Tables and amounts for people. */
import type { ImageBlob } from "../build/outcome.ts";

/**
 * Prints rows under headings, each column padded to its widest cell, those in `numbers` to the right; no box
 * drawing that a log would garble.
 */
export function printTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly string[] = [],
): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const pad = (cell: string, column: number): string =>
    numbers.includes(headings[column] ?? "")
      ? cell.padStart(widths[column] ?? 0)
      : cell.padEnd(widths[column] ?? 0);
  const print = (cells: readonly string[]): string => cells.map(pad).join("  ").trimEnd();
  return [print(headings), ...rows.map(print)].map((line) => `${line}\n`).join("");
}

/** Prints bytes in powers of 1000, as registries and GitLab count them. */
export function printBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** The bytes of blobs, each counted once however often it is named. */
export function bytesOf(blobs: readonly ImageBlob[]): number {
  const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
