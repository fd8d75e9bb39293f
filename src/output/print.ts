/** What people read: the plan before, the outcomes after, tables and amounts; pure text. */
import type { ImageBlob, Outcome } from "../build/outcome.ts";
import { reasonOf } from "../plan/decision.ts";
import type { Plan, PlannedImage } from "../plan/plan.ts";
import { printableLine } from "../printable.ts";

/** The plan as a table with a line about the set under it. */
export function printPlan(plan: Plan): string {
  const rows = plan.images.map((image) => [
    image.name,
    image.decision.kind,
    reasonOf(image.decision),
    shortReference(image.reference),
  ]);
  const count = (kind: string): number =>
    plan.images.filter(({ decision }) => decision.kind === kind).length;
  const where = plan.set.record === null ? "not on record" : `on record at ${plan.set.record}`;
  const sums = ["reuse", "copy", "build"].map((kind) => `${count(kind)} ${kind}`).join(", ");
  return `${printTable(["IMAGE", "DECISION", "BECAUSE", "REFERENCE"], rows)}\nset ${plan.set.id.slice(0, 12)}: ${where}; ${sums}\n${dirtyNote(plan)}`;
}

function dirtyNote({ dirty }: Plan): string {
  if (dirty.length === 0) return "";
  const more = dirty.length > 3 ? ` and ${dirty.length - 3} more` : "";
  const files = `${dirty.slice(0, 3).join(", ")}${more}`;
  return `not as committed: ${files}; nothing of this is published unless it is committed\n`;
}

/** What was decided and why, what became of it, how long that took and what the image weighs in the registry. */
export function printOutcomes(
  outcomes: readonly Outcome[],
  images: readonly PlannedImage[],
): string {
  const planned = new Map(images.map((image) => [image.name, image]));
  const rows = outcomes.map((outcome) => {
    const decision = planned.get(outcome.name)?.decision;
    return [
      outcome.name,
      outcome.decision,
      outcome.result,
      decision === undefined ? "" : reasonOf(decision),
      outcome.seconds === undefined ? "" : `${outcome.seconds.toFixed(1)} s`,
      outcome.blobs === undefined ? "" : printBytes(bytesOf(outcome.blobs)),
      shortReference(outcome.reference),
    ];
  });
  const headings = ["IMAGE", "DECISION", "RESULT", "BECAUSE", "TIME", "SIZE", "REFERENCE"];
  return printTable(headings, rows, ["TIME", "SIZE"]);
}

/** A reference with its digest or key cut to 12 digits, for the eye only. */
export function shortReference(reference: string | null): string {
  return reference === null ? "-" : reference.replace(/([0-9a-f]{12})[0-9a-f]{52}/, "$1…");
}

/**
 * Prints rows under headings, each column padded to its widest cell, those in `numbers` to the right; no box
 * drawing that a log would garble.
 */
export function printTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly string[] = [],
): string {
  const lines = rows.map((cells) => cells.map(printableLine));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...lines.map((row) => row[column]?.length ?? 0)),
  );
  const pad = (cell: string, column: number): string =>
    numbers.includes(headings[column] ?? "")
      ? cell.padStart(widths[column] ?? 0)
      : cell.padEnd(widths[column] ?? 0);
  const print = (cells: readonly string[]): string => cells.map(pad).join("  ").trimEnd();
  return [print(headings), ...lines.map(print)].map((line) => `${line}\n`).join("");
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
