/** All checks in one place, and what they found for people and for programs. */
import { fill, printTable } from "../output/table.ts";
import type { Screen } from "../world.ts";
import type { DoctorFacts } from "./facts.ts";
import { fileChecks, scheduleChecks } from "./judge-files.ts";
import { protectionChecks } from "./judge-gitlab.ts";
import { pipelineChecks } from "./judge-pipelines.ts";
import { projectChecks } from "./judge-project.ts";
import { rightsChecks } from "./judge-rights.ts";
import { type Checks, type Judgement, type Level, levels, lines } from "./judgement.ts";
import { machineChecks } from "./machine.ts";

/** Every check, in the order in which they are read; docs/commands.md has a line for each, docs/messages.md what to do about those of pipelines. */
const judges = {
  ...projectChecks,
  ...rightsChecks,
  ...protectionChecks,
  ...pipelineChecks,
  ...fileChecks,
  ...scheduleChecks,
  ...machineChecks,
} satisfies Checks<DoctorFacts>;

export type Check = keyof typeof judges;

export const checks = Object.keys(judges) as readonly Check[];

export interface Finding extends Judgement {
  readonly id: Check;
}

/** One finding for every check, the worst first; among equals in the order of the checks. */
export function diagnose(facts: DoctorFacts): readonly Finding[] {
  const weight = ({ level }: Finding): number => levels.indexOf(level);
  const findings = checks.map((id) => ({ id, ...judges[id](facts) }));
  return findings.sort((a, b) => weight(b) - weight(a));
}

/** What is to be done, the worst first, and a line for each of the rest; with `all` every finding. */
export function printFindings(findings: readonly Finding[], screen: Screen, all = false): string {
  const shown = findings.filter(({ level }) => all || level === "error" || level === "warning");
  const rows = shown.map(({ level, id, what }) => [level, id, what]);
  const more = shown.flatMap((finding, index) => {
    // What several checks could not read for one reason is explained once.
    const isTold = shown.slice(0, index).some(({ detail }) => detail === finding.detail);
    return printMore(isTold ? { ...finding, detail: "" } : finding);
  });
  const table =
    shown.length === 0 ? "nothing to do\n" : printTable(["LEVEL", "CHECK", "FOUND"], rows, screen);
  const rest = all ? "" : [printRest(findings, "note"), printRest(findings, "ok")].join("");
  const below = [...more, rest].filter((part) => part !== "").map((part) => fill(part, screen, 2));
  return [table, ...below].join("\n");
}

/** The checks of a level by name. */
function printRest(findings: readonly Finding[], level: Level): string {
  const ids = findings.filter((finding) => finding.level === level).map(({ id }) => id);
  const hint = level === "note" ? " (--all tells more)" : "";
  return ids.length === 0 ? "" : `${level}: ${ids.join(", ")}${hint}\n`;
}

function printMore({ id, level, detail, todo }: Finding): readonly string[] {
  const told = lines(detail, todo && `to do: ${todo}`);
  return level === "ok" || told === "" ? [] : [`${id}:\n${told.replace(/^/gm, "  ")}\n`];
}

/** One object; `todo` is null where nothing is to be done. `more` are members beside the findings. */
export function findingsJson(findings: readonly Finding[], more: object = {}): string {
  const plain = findings.map(({ todo, ...finding }) => ({ ...finding, todo: todo ?? null }));
  return `${JSON.stringify({ version: 1, findings: plain, ...more })}\n`;
}
