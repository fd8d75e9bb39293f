/** Tables for people: columns as wide as they need to be, no box drawing that a log would garble. */

/** Prints rows under headings, each column padded to its widest cell; those in `numbers` to the right. */
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
