/** Trials as a table of text, which is Markdown too, and as the page that is kept. */
import type { Machine } from "../machine.ts";
import type { Trial } from "./trial.ts";

/** One run of the benchmark. */
export interface Recorded {
  readonly size: { readonly images: number; readonly megabytes: number };
  readonly machine: Machine;
  readonly trials: readonly Trial[];
}

const heads = [
  ...["way", "changed", "runner", "jobs", "runner min", "pulled MB", "pushed MB"],
  ...["consumer after s", "end after s"],
];

export function printTrials(trials: readonly Trial[]): string {
  const rows = trials.map((trial) => [
    ...[trial.way, trial.change, trial.runner, `${trial.jobs}`, trial.minutes.toFixed(1)],
    ...[trial.pulled, trial.pushed].map((megabytes) => megabytes.toFixed(megabytes < 10 ? 1 : 0)),
    ...[trial.firstSeconds, trial.wholeSeconds].map((seconds) => seconds.toFixed(0)),
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

/** The page of a whole run. */
export function printRecord({ size, machine }: Recorded, tables: string): string {
  const facts = Object.entries(machine).map(([name, value]) => `- ${name}: ${value}\n`);
  return `# What a pipeline pays for its images

Written by \`npm run bench -- pipeline\`: ${size.images} images of ${size.megabytes} MB, GitLab Runner with its docker executor, four jobs at a
time, everything on one machine. Jobs are those that a runner had, but for the consumer, which runs in the image that changes. Bytes
are those between runners and the project's registry; not counted are what comes from docker.io and the image of the
Docker-in-Docker service, whose daemon runs beside its job. On a cold runner no image is there. The other ways' jobs run in the
tool image's engine alone, without Node. Each way was measured at the load that the machine had just then, so that times of ways compare only where
it did nothing else. A way of which a pipeline on a cold runner was not measured is not in the second table.

${tables}
${facts.join("")}`;
}
