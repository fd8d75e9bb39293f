/** All checks in one place, and what they found for people and for programs. */
import { fill, printTable } from "../output/table.ts";
import type { Screen } from "../world.ts";
import { type DoctorFacts, type Judgement, type Level, levels } from "./facts.ts";
import {
  judgeEmpty,
  judgeIncludedTwice,
  judgeLeftTag,
  judgeRegistryImage,
  judgeRunnerTags,
  judgeTwoPipelines,
} from "./judge-files.ts";
import {
  judgeCleanup,
  judgeForkPipelines,
  judgePathRules,
  judgeTagRules,
  judgeVersion,
} from "./judge-gitlab.ts";
import { judgeClone, judgeEmulation, judgeEngine, judgeUmask } from "./judge-machine.ts";
import {
  judgeBeforeBuild,
  judgeBeyondPlan,
  judgeFiles,
  judgeOtherImage,
  judgeRefused,
  judgeUnknownImage,
  judgeWithoutPlan,
  onPipelines,
} from "./judge-pipelines.ts";
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

/** Every check, in the order in which they are read; docs/commands.md has a line for each, docs/messages.md what to do about those of pipelines. */
const judges = {
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
  "protected-paths": judgePathRules,
  "protected-tags": judgeTagRules,
  cleanup: judgeCleanup,
  pipelines: onPipelines(judgeFiles),
  refused: onPipelines(judgeRefused),
  "without-plan": onPipelines(judgeWithoutPlan),
  "before-build": onPipelines(judgeBeforeBuild),
  "beyond-plan": onPipelines(judgeBeyondPlan),
  "unknown-image": onPipelines(judgeUnknownImage),
  "other-image": onPipelines(judgeOtherImage),
  "left-tag": onPipelines(judgeLeftTag),
  "registry-image": onPipelines(judgeRegistryImage),
  "two-pipelines": onPipelines(judgeTwoPipelines),
  "included-twice": onPipelines(judgeIncludedTwice),
  "empty-pipeline": onPipelines(judgeEmpty),
  "runner-tags": onPipelines(judgeRunnerTags),
  schedules: judgeSchedules,
  "fork-pipelines": judgeForkPipelines,
  "gitlab-version": judgeVersion,
  engine: judgeEngine,
  emulation: judgeEmulation,
  umask: judgeUmask,
  clone: judgeClone,
} satisfies Readonly<Record<string, (facts: DoctorFacts) => Judgement>>;

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
  if (level === "ok" || (detail === "" && todo === undefined)) return [];
  const lines = [
    `${id}:`,
    ...(detail === "" ? [] : detail.split("\n").map((line) => `  ${line}`)),
    ...(todo === undefined ? [] : [`  to do: ${todo}`]),
  ];
  return [`${lines.join("\n")}\n`];
}

/** One object; `todo` is null where nothing is to be done. `more` are members beside the findings. */
export function findingsJson(findings: readonly Finding[], more: object = {}): string {
  const plain = findings.map(({ todo, ...finding }) => ({ ...finding, todo: todo ?? null }));
  return `${JSON.stringify({ version: 1, findings: plain, ...more })}\n`;
}
