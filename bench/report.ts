/** The table on the terminal, results.md and results.json. */
import type { Row } from "./case.ts";
import type { Machine } from "./machine.ts";
import { median, spread } from "./measure.ts";
import type { Result } from "./pages.ts";

const heads = [
  "name",
  "latency",
  "peer",
  "peer ms",
  "berth ms",
  "ratio",
  "requests",
  "goal",
  "met",
];

/** Ratio is peer / berth: above 1 berth is faster. */
export function tableOf(rows: readonly Row[]): readonly (readonly string[])[] {
  return [heads, ...rows.map(cells)];
}

function cells(row: Row): readonly string[] {
  const [peerMs, berthMs] = [median(row.peerTimes), median(row.berthTimes)];
  return [
    row.name,
    row.latencyMs === 0 ? "-" : `${row.latencyMs} ms`,
    row.peer,
    withSpread(row.peerTimes, row.unit),
    withSpread(row.berthTimes, row.unit),
    (peerMs / berthMs).toFixed(2),
    `${row.requests ?? "-"}`,
    row.goal?.text ?? "-",
    row.goal === undefined ? "-" : row.goal.isMet(peerMs, berthMs) ? "yes" : "no",
  ];
}

function withSpread(times: readonly number[], unit?: string): string {
  const [least, most] = spread(times);
  if (unit !== undefined) return `${round(median(times))} ${unit}`;
  return `${round(median(times))} (${round(least)} to ${round(most)})`;
}

function round(milliseconds: number): string {
  return milliseconds.toFixed(milliseconds < 100 ? 1 : 0);
}

export function printText(rows: readonly Row[]): string {
  const table = tableOf(rows);
  const widths = widthsOf(table);
  const line = (row: readonly string[]) =>
    row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ");
  return `${table.map((row) => line(row).trimEnd()).join("\n")}\n`;
}

function widthsOf(table: readonly (readonly string[])[]): readonly number[] {
  return heads.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
}

export function printMarkdown(rows: readonly Row[], machine: Machine, command: string): string {
  const table = tableOf(rows).map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = widthsOf(table);
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const [head = [], ...body] = table;
  const notes = rows.flatMap(({ name, latencyMs, note }) =>
    note === undefined ? [] : [`- ${name}, ${latencyMs} ms: ${note}`],
  );
  return [
    "# Results of the benchmark",
    "",
    `Written by \`${command}\`. Whole processes, median (least to most); ratio is peer / berth, so above 1 berth is faster.`,
    "",
    line(head),
    line(widths.map((width) => "-".repeat(width))),
    ...body.map(line),
    "",
    ...notes,
    ...(notes.length === 0 ? [] : [""]),
    ...Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`),
    "",
  ].join("\n");
}

export function resultsOf(rows: readonly Row[]): readonly Result[] {
  return rows.map(({ name, latencyMs, peer, peerTimes, berthTimes, requests }) => {
    const [peerMs, berthMs] = [median(peerTimes), median(berthTimes)];
    return { name, latencyMs, peer, peerMs, berthMs, ratio: peerMs / berthMs, requests };
  });
}
