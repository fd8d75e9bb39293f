/** All checks in one place, and what they found for people and for programs. */
import { printTable } from "../output/print.ts";
import {
  type Check,
  checks,
  type DoctorFacts,
  type Finding,
  type Judgement,
  worstFirst,
} from "./facts.ts";
import { judgeCleanup, judgeForkPipelines, judgeTagRules, judgeVersion } from "./judge-gitlab.ts";
import { judgeClone, judgeEngine, judgeUmask } from "./judge-machine.ts";
import {
  judgeConfiguration,
  judgeContainerTag,
  judgeDotenv,
  judgeForce,
  judgeImages,
  judgeRegistry,
  judgeSchedules,
  judgeUpstream,
} from "./judge-project.ts";
import { judgeJobTokens, judgeOwnRights, judgeUpstreamRights } from "./judge-rights.ts";

const judges: Readonly<Record<Check, (facts: DoctorFacts) => Judgement>> = {
  configuration: judgeConfiguration,
  images: judgeImages,
  dotenv: judgeDotenv,
  registry: judgeRegistry,
  upstream: judgeUpstream,
  "container-tag": judgeContainerTag,
  "force-rebuild": judgeForce,
  "own-rights": judgeOwnRights,
  "upstream-rights": judgeUpstreamRights,
  "job-tokens": judgeJobTokens,
  "protected-tags": judgeTagRules,
  cleanup: judgeCleanup,
  schedules: judgeSchedules,
  "fork-pipelines": judgeForkPipelines,
  "gitlab-version": judgeVersion,
  engine: judgeEngine,
  umask: judgeUmask,
  clone: judgeClone,
};

/** One finding for every check, the worst first. */
export function diagnose(facts: DoctorFacts): readonly Finding[] {
  return worstFirst(checks.map((id) => ({ id, ...judges[id](facts) })));
}

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
