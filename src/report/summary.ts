/** The report as Markdown, short enough for a comment on a merge request. */
import { bytesOf, printBytes } from "../output/print.ts";
import type { Report, ReportImage } from "./view.ts";
import { countStates, printSeconds, savedWords, states, verdict } from "./words.ts";

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
    ...(told.length === 0 ? [] : [table(told)]),
    ...listOf("### What went wrong", told.flatMap(failure)),
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

function failure({ name, error }: ReportImage): readonly string[] {
  if (error === null) return [];
  const hint = error.hint === null ? "" : ` Next: ${escapeMarkdown(error.hint)}`;
  return [
    `**${escapeMarkdown(name)}**: ${escapeMarkdown(error.message)} (${escapeMarkdown(error.code)})${hint}`,
  ];
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
