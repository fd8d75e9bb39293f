/** Trials as a table of text, which is Markdown too. */
import type { Trial } from "./trial.ts";

const heads = [
  ...[
    "way",
    "changed",
    "runner",
    "jobs",
    "pulled MB",
    "pushed MB",
    "consumer after s",
    "end after s",
  ],
] as const;

export function printTrials(trials: readonly Trial[]): string {
  const rows = trials.map((trial) => [
    trial.way,
    trial.change,
    trial.runner,
    `${trial.jobs}`,
    ...[trial.pulled, trial.pushed].map((megabytes) => megabytes.toFixed(megabytes < 10 ? 1 : 0)),
    ...[trial.firstSeconds, trial.wholeSeconds].map((seconds) => seconds.toFixed(1)),
  ]);
  return printTable([heads, ...rows]);
}

/** Columns of equal width; the first row is the head. */
export function printTable(table: readonly (readonly string[])[]): string {
  const [head = [], ...body] = table;
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return `${[line(head), rule, ...body.map(line)].join("\n")}\n`;
}
