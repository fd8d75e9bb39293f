/** All checks in one place. */
import type { Facts } from "./facts.ts";
import { type Check, checks, type Finding, type Verdict, worstFirst } from "./finding.ts";
import { judgeCleanup, judgeForkPipelines, judgeTagRules, judgeVersion } from "./judge-gitlab.ts";
import { judgeClone, judgeEngine, judgeUmask } from "./judge-machine.ts";
import { judgeConfiguration, judgeDotenv, judgeImages } from "./judge-project.ts";
import { judgeJobTokens, judgeOwnRights, judgeUpstreamRights } from "./judge-rights.ts";
import { judgeSchedules } from "./judge-schedules.ts";
import { judgeContainerTag, judgeForce, judgeRegistry, judgeUpstream } from "./judge-variables.ts";

const judges: Readonly<Record<Check, (facts: Facts) => Verdict>> = {
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
export function diagnose(facts: Facts): readonly Finding[] {
  return worstFirst(checks.map((id) => ({ id, ...judges[id](facts) })));
}
