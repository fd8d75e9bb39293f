/** Findings for people and for programs. */
import { printTable } from "../output/table.ts";
import type { Finding } from "./finding.ts";

/** A table of all findings, then what to know and to do about each that is not well. */
export function printFindings(findings: readonly Finding[]): string {
  const rows = findings.map(({ level, id, what }) => [level, id, what]);
  const more = findings.flatMap((finding, index) => {
    // What several checks could not read for one reason is explained once.
    const isTold = findings.slice(0, index).some(({ detail }) => detail === finding.detail);
    return printMore(isTold ? { ...finding, detail: "" } : finding);
  });
  return [printTable(["LEVEL", "CHECK", "FOUND"], rows), ...more].join("\n");
}

function printMore({ id, level, detail, todo }: Finding): readonly string[] {
  if (level === "ok" || (detail === "" && todo === undefined)) return [];
  const lines = [
    `${id}:`,
    ...(detail === "" ? [] : detail.split("\n").map((line) => `  ${line}`)),
    ...(todo === undefined ? [] : [`  to do: ${todo}`]),
  ];
  return [`${lines.join("\n")}\n`];
}

/** One object; `todo` is null where nothing is to be done. */
export function findingsJson(findings: readonly Finding[]): string {
  const plain = findings.map(({ todo, ...finding }) => ({ ...finding, todo: todo ?? null }));
  return `${JSON.stringify({ version: 1, findings: plain })}\n`;
}
