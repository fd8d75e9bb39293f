/** The report as Markdown, short enough for a comment on a merge request. */
import { bytesOf, printBytes } from "../output/print.ts";
import {
  countStates,
  printSeconds,
  type Report,
  type ReportImage,
  savedWords,
  states,
  verdict,
} from "./view.ts";

/** Prints the summary: how it stands, each image that was not simply reused, what was saved. */
export function printSummary(report: Report): string {
  const { images, warnings } = report;
  const counts = countStates(report).map(([state, number]) => `${number} ${state}`);
  const told = images
    .filter(({ state }) => state !== "reused")
    .sort((a, b) => states.indexOf(a.state) - states.indexOf(b.state));
  const parts = [
    `## ${escapeMarkdown(verdict(report))}`,
    counts.join(", "),
    origin(report),
    ...(told.length === 0 ? [] : [table(told)]),
    ...listOf("### What went wrong", told.flatMap(failure)),
    ...changes(told),
    ...listOf("### Warnings", warnings.map(escapeMarkdown)),
    ...listOf(
      "### Saved against building all of them",
      savedWords(report).map((words) => escapeMarkdown(words)),
    ),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function listOf(heading: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : [heading, items.map((item) => `- ${item}`).join("\n")];
}

function table(images: readonly ReportImage[]): string {
  const rows = images.map(({ name, state, reason, seconds, blobs, optional }) => [
    escapeMarkdown(name),
    optional ? `${state} (optional)` : state,
    escapeMarkdown(reason),
    seconds === undefined ? "" : printSeconds(seconds),
    blobs === undefined ? "" : printBytes(bytesOf(blobs)),
  ]);
  const lines = [
    ["Image", "State", "Because", "Time", "Size"],
    ["---", "---", "---", "--:", "--:"],
  ];
  return [...lines, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function origin({ revision, pipeline, links }: Report): string {
  const named = (what: string, id: string | null, address: string | undefined) =>
    id === null ? [] : [`${what} ${link(escapeMarkdown(id.slice(0, 12)), address)}`];
  const commit = named("Commit", revision, links.commit);
  return [...commit, ...named("pipeline", pipeline, links.pipeline)].join(", ");
}

function link(text: string, address: string | undefined): string {
  return address === undefined ? text : `[${text}](<${address}>)`;
}

function failure({ name, error, job }: ReportImage): readonly string[] {
  if (error === null) return [];
  const hint = error.hint === null ? "" : ` Next: ${escapeMarkdown(error.hint)}`;
  const log = job === undefined ? "" : ` ${link("log of its job", job)}`;
  const what = `**${escapeMarkdown(name)}**: ${escapeMarkdown(error.message)} (${escapeMarkdown(error.code)})${hint}${log}`;
  const { output = [] } = error;
  return [output.length === 0 ? what : `${what}\n\n${block(output).replace(/^/gm, "  ")}`];
}

/** What changed in each image, folded. */
function changes(images: readonly ReportImage[]): readonly string[] {
  const changed = images.filter(({ diff }) => diff.length > 0);
  if (changed.length === 0) return [];
  const parts = changed.map(({ name, diff }) => `**${escapeMarkdown(name)}**\n\n${block(diff)}`);
  return ["<details><summary>What changed</summary>", ...parts, "</details>"];
}

/** Lines as they are; the fence is longer than any in them. See CommonMark, "Fenced code blocks". */
function block(lines: readonly string[]): string {
  const plain = lines.map((line) => line.toWellFormed().replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " "));
  const longest = Math.max(2, ...[...plain.join("\n").matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return [fence, ...plain, fence].join("\n");
}

/**
 * Text that Markdown shows as it is, on one line: no markup, no table cell, no mention of a person or
 * issue. See CommonMark, "Backslash escapes": any ASCII punctuation may be escaped.
 */
export function escapeMarkdown(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim()
    .replace(/[!-/:-@[-`{-~]/g, (character) =>
      /[.,'()/:-]/.test(character) ? character : `\\${character}`,
    );
}
