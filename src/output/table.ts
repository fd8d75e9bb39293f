/** Tables and paragraphs that fit the screen; pure text. */
import { printableLine } from "../printable.ts";
import type { Screen, Style } from "../world.ts";

/** No column is made narrower than this, however many there are; none of texts while names can stay whole. */
const narrowest = 8;
const narrowestText = 20;

/** From more columns than these the gaps take room that texts need. */
const manyColumns = 8;

/** Columns of one word out of a few, and how these stand out. */
const wordColumns = ["DECISION", "RESULT", "LEVEL"];
const styles: Readonly<Record<string, Style>> = {
  ...{ build: "yellow", refresh: "yellow", warning: "yellow", skipped: "yellow" },
  ...{ built: "green", ok: "green", keep: "green" },
  ...{ failed: "red", error: "red", delete: "red" },
  ...{ reuse: "dim", reused: "dim", note: "dim" },
};

/**
 * Prints rows under headings, columns in `numbers` to the right; no box drawing that a log would garble.
 *
 * Where a line would be longer than the screen, the widest columns are made narrower and their texts go on below.
 */
export function printTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  screen: Screen,
  numbers: readonly string[] = [],
): string {
  const cells = rows.map((row) => row.map(printableLine));
  const { widths, gap } = fit(naturalWidths(headings, cells), cells, screen.width);
  const print = (row: readonly string[], styleOf: (column: number) => Style | undefined) => {
    const wrapped = row.map((cell, column) => wrap(cell, widths[column]!));
    const height = Math.max(...wrapped.map(({ length }) => length));
    const line = (index: number): string => {
      const padded = wrapped.map((lines, column) => {
        const text = lines[index] ?? "";
        const space = " ".repeat(widths[column]! - text.length);
        const style = text === "" ? undefined : styleOf(column);
        const painted = style === undefined ? text : screen.paint(style, text);
        return numbers.includes(headings[column]!) ? space + painted : painted + space;
      });
      return `${padded.join(gap).trimEnd()}\n`;
    };
    return Array.from({ length: height }, (_, index) => line(index)).join("");
  };
  const isWord = headings.map((heading) => wordColumns.includes(heading));
  return [
    print(headings, () => "bold"),
    ...cells.map((row) =>
      print(row, (column) => (isWord[column] ? styles[row[column]!] : undefined)),
    ),
  ].join("");
}

/** How long the lines of a table are that no screen limits. */
export function tableWidth(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): number {
  return lineWidth(
    naturalWidths(
      headings,
      rows.map((row) => row.map(printableLine)),
    ),
    2,
  );
}

function naturalWidths(
  headings: readonly string[],
  cells: readonly (readonly string[])[],
): readonly number[] {
  return headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]!.length)),
  );
}

function lineWidth(widths: readonly number[], gap: number): number {
  return widths.reduce((sum, width) => sum + width + gap, -gap);
}

/**
 * The widths and the gap with which a line fits, as far as columns can be made narrower: first texts, which break
 * between words, and then all.
 */
function fit(
  natural: readonly number[],
  cells: readonly (readonly string[])[],
  screen = Number.POSITIVE_INFINITY,
) {
  const gap = natural.length > manyColumns && lineWidth(natural, 2) > screen ? 1 : 2;
  const isText = natural.map((_, column) => cells.some((row) => row[column]!.includes(" ")));
  const narrow = (
    widths: readonly number[],
    least: number,
    isTaken: (column: number) => boolean,
  ) => {
    const upTo = (most: number) =>
      widths.map((width, column) => (isTaken(column) ? Math.min(width, most) : width));
    let most = Math.max(0, ...widths);
    while (most > least && lineWidth(upTo(most), gap) > screen) most--;
    return upTo(most);
  };
  const texts = narrow(natural, narrowestText, (column) => isText[column]!);
  return { widths: narrow(texts, narrowest, () => true), gap: " ".repeat(gap) };
}

/** A text in lines of at most `width` letters, broken between words where that can be, else after a mark. */
export function wrap(text: string, width: number): readonly string[] {
  const most = Math.max(1, width);
  const piece = new RegExp(
    `^(?:(.{1,${most}})(?: +|$)|(.{0,${most - 1}}[/,:@-])|(.{${most}}))`,
    "s",
  );
  const lines: string[] = [];
  let rest = text;
  while (rest.length > most) {
    const [whole = rest, ...ways] = piece.exec(rest) ?? [];
    lines.push(ways.find((way) => way !== undefined) ?? whole);
    rest = rest.slice(whole.length);
  }
  return rest === "" && lines.length > 0 ? lines : [...lines, rest];
}

/** Lines of text that fit the screen; what goes on below is set in as far as its line, and `hang` more. */
export function fill(text: string, { width }: Screen, hang = 0): string {
  if (width === undefined) return text;
  return text
    .split("\n")
    .map((line) => {
      const [indent = ""] = /^ */.exec(line) ?? [];
      const [first = "", ...more] = wrap(line.trimStart(), width - indent.length - hang);
      return [indent + first, ...more.map((each) => `${" ".repeat(hang)}${indent}${each}`)].join(
        "\n",
      );
    })
    .join("\n");
}

/** `1 tag`, `3 tags`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
