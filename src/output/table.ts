/** Tables for people: columns as wide as they need to be, no box drawing that a log would garble. */

/** Prints rows under headings, each column padded to its widest cell. */
export function printTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const print = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [print(headings), ...rows.map(print)].map((line) => `${line}\n`).join("");
}
