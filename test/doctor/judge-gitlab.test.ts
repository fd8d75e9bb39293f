import type { DoctorFacts } from "../../src/doctor/facts.ts";
import type { TagRule } from "../../src/gitlab/answers.ts";
import { judge, trouble, withOwn } from "./cases.ts";
import { healthy, inFork } from "./healthy.ts";

function withRules(...patterns: readonly string[]): DoctorFacts {
  const tagRules = patterns.map((pattern, index) => ({
    id: index,
    pattern,
    push: "maintainer",
    delete: "maintainer",
  }));
  return { ...healthy, gitlab: { ...healthy.gitlab, tagRules } };
}

function withCleanup(deletes: string, keeps?: string): DoctorFacts {
  const cleanup = { enabled: true, keepNewest: 5, olderThan: "90d", deletes, keeps };
  return withOwn({ ...healthy, gitlab: { ...healthy.gitlab, tagRules: undefined } }, { cleanup });
}

const frozenRule = { id: 9, pattern: "^key", push: undefined, delete: undefined };
const otherRules = withRules("^set", "^promote-", "^(cache|latest)", "^[0-9a-f]{64}$");

judge("GitLab's settings", [
  [
    "a fork's clone on a person's machine",
    { ...inFork, situation: { ...inFork.situation, ci: false, role: "local" } },
    "protected-tags",
    "ok",
    /not needed in a fork/,
  ],
  ["no rule", withRules(), "protected-tags", "warning", /^7 of 7 kinds/],
  [
    "a rule that forgets the layer cache",
    withRules("^(key|set|promote-|cache|latest$)"),
    "protected-tags",
    "warning",
    /^1 of 7 kinds.*0123456789abcdef.*add one rule/s,
  ],
  ["a rule for everything", withRules(".*"), "protected-tags", "warning", /covers `try-` tags too/],
  [
    "several rules that together do",
    withRules("^key", "^set", "^promote-", "^(cache|latest)", "^[0-9a-f]{64}$"),
    "protected-tags",
    "ok",
    /are protected/,
  ],
  [
    "one rule of several for immutable tags",
    {
      ...otherRules,
      gitlab: {
        ...otherRules.gitlab,
        tagRules: [frozenRule, ...(otherRules.gitlab.tagRules as readonly TagRule[])],
      },
    },
    "protected-tags",
    "warning",
    /immutable tags.*neither refreshed, promoted nor pruned.*name a role/s,
  ],
  [
    "rules that the token may not read",
    { ...healthy, gitlab: { ...healthy.gitlab, tagRules: trouble } },
    "protected-tags",
    "warning",
    /give a token.*tag name pattern \^\(\(key/s,
  ],
  [
    "a cleanup of everything",
    withCleanup(".*", "latest"),
    "cleanup",
    "error",
    /would delete key2-.*let it keep \(key\|set\)/s,
  ],
  ["a cleanup of tries", withCleanup("try-.*"), "cleanup", "ok", /leaves our tags alone/],
  [
    "a cleanup that keeps what is printed",
    withCleanup(".*", "(key|set).*|promote-.*|cache.*|latest|[0-9a-f]{64}"),
    "cleanup",
    "ok",
    /leaves our tags alone/,
  ],
  [
    "a cleanup policy that a stranger does not see",
    withOwn(healthy, { registry: undefined, cleanup: undefined }),
    "cleanup",
    "note",
    /QEMU_CI_GITLAB_TOKEN/,
  ],
  ["an unreadable cleanup", withCleanup("("), "cleanup", "warning", /could not be read/],
  [
    "a cleanup that protected tags stop",
    withOwn(healthy, {
      cleanup: {
        enabled: true,
        keepNewest: 1,
        olderThan: "7d",
        deletes: ".*",
        keeps: undefined,
      },
    }),
    "cleanup",
    "ok",
    /leaves our tags alone/,
  ],
  [
    "merge requests of forks that run here",
    withOwn(healthy, { forkPipelines: true }),
    "fork-pipelines",
    "warning",
    /ci_allow_fork_pipelines/,
  ],
  [
    "an old GitLab",
    { ...healthy, variables: { ...healthy.variables, serverVersion: "16.11.2" } },
    "gitlab-version",
    "error",
    /lacks the component.*18\.7/s,
  ],
  [
    "a GitLab without protected tags",
    { ...healthy, variables: { ...healthy.variables, serverVersion: "17.10.0" } },
    "gitlab-version",
    "warning",
    /lacks protected container tags/,
  ],
]);
