/** Lines at the foot of a terminal that are drawn again and again, with all other output above them. */
import { clearScreenDown, cursorTo, moveCursor } from "node:readline";
import type { Writable } from "node:stream";
import { isDeepStrictEqual } from "node:util";
import { type Size, widthOf } from "./progress.ts";

/** A terminal, or what stands for one. */
export type Screen = Writable & Partial<Size>;

export interface Painter {
  /** Puts these lines where the last ones were, and a text that stays above them. */
  paint(lines: readonly string[], above?: string): void;
}

export function sizeOf({ columns, rows }: Screen): Size {
  // A terminal that does not know its size says 0.
  return { columns: columns || 80, rows: rows || 24 };
}

/**
 * Makes the painter of one screen.
 *
 * The terminal keeps its modes and its cursor, which stands below the lines: whatever ends the process,
 * there is nothing to put back.
 */
export function makePainter(screen: Screen): Painter {
  let painted: readonly string[] = [];
  return {
    paint(lines, above = "") {
      if (above === "" && isDeepStrictEqual(lines, painted)) return;
      // One write for all of it, so that no half of it is ever seen.
      screen.cork();
      if (painted.length > 0) {
        moveCursor(screen, 0, -rowsOf(painted, sizeOf(screen).columns));
        // A terminal echoes what is typed, such as ^C.
        cursorTo(screen, 0);
        clearScreenDown(screen);
      }
      const foot = lines.map((line) => `${line}\n`).join("");
      if (above !== "" || foot !== "") screen.write(`${above}${foot}`);
      screen.uncork();
      painted = lines;
    },
  };
}

/** The rows that lines take on a screen, which may have become narrower since they were drawn. */
function rowsOf(lines: readonly string[], columns: number): number {
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
}
