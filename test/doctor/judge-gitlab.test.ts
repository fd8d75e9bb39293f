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

function withPaths(...patterns: readonly string[]): DoctorFacts {
  const pathRules = patterns.map((pattern) => ({ pattern, push: "maintainer" }));
  return { ...healthy, gitlab: { ...healthy.gitlab, pathRules } };
}

function withCleanup(deletes: string, keeps?: string): DoctorFacts {
  const cleanup = { enabled: true, keepNewest: 5, olderThan: "90d", deletes, keeps };
  return withOwn({ ...healthy, gitlab: { ...healthy.gitlab, tagRules: trouble } }, { cleanup });
}

const frozenRule: TagRule = { id: 9, pattern: "^key", push: undefined, delete: undefined };

judge("GitLab's settings", [
  [
    "a fork's clone on a person's machine",
    { ...inFork, situation: { ...inFork.situation, ci: false, role: "local" } },
    "protected-paths",
    "ok",
    /not needed in a fork/,
  ],
  [
    "no repository protected",
    withPaths(),
    "protected-paths",
    "warning",
    /put any image.*open: qemu-project\/qemu\/berth.*push for Maintainers: qemu-project\/qemu/s,
  ],
  [
    "a record that anybody may write",
    withPaths("qemu-project/qemu/debian", "qemu-project/qemu/fedora"),
    "protected-paths",
    "warning",
    /open: qemu-project\/qemu\/berth\n/,
  ],
  [
    "a rule for everything below the project",
    withPaths("qemu-project/qemu/*"),
    "protected-paths",
    "warning",
    /cover try\/ too.*let the rules be qemu-project\/qemu\/debian and/s,
  ],
  [
    "a rule that stops deletions alone",
    {
      ...healthy,
      gitlab: {
        ...healthy.gitlab,
        pathRules: [{ pattern: "qemu-project/qemu/*", push: undefined }],
      },
    },
    "protected-paths",
    "warning",
    /put any image.*push: any Developer/s,
  ],
  ["the rules that doctor prints", healthy, "protected-paths", "ok", /are protected, try\/ is not/],
  [
    "path rules that the token may not read",
    { ...healthy, gitlab: { ...healthy.gitlab, pathRules: trouble } },
    "protected-paths",
    "warning",
    /could not be read.*give a token.*push for Maintainers/s,
  ],
  [
    "no rule",
    withRules(),
    "protected-tags",
    "note",
    /delete promoted tags.*\^\(promote-\|latest\$\)/s,
  ],
  [
    "a rule for everything",
    withRules(".*"),
    "protected-tags",
    "warning",
    /shuts out every Developer's pipeline.*below try\/ too: key2-/s,
  ],
  [
    "several rules that together do",
    withRules("^promote-", "^latest"),
    "protected-tags",
    "ok",
    /are protected/,
  ],
  [
    "one rule of several for immutable tags",
    {
      ...healthy,
      gitlab: {
        ...healthy.gitlab,
        tagRules: [frozenRule, ...(healthy.gitlab.tagRules as readonly TagRule[])],
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
    "note",
    /give a token.*tag name pattern \^\(promote-/s,
  ],
  [
    "a cleanup of everything",
    withCleanup(".*", "latest"),
    "cleanup",
    "error",
    /would delete key2-.*let it keep \(key\|set\)/s,
  ],
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
    withOwn(withRules(".*"), {
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
    "a GitLab without protected repositories",
    { ...healthy, variables: { ...healthy.variables, serverVersion: "17.8.0" } },
    "gitlab-version",
    "warning",
    /lacks protected container repositories/,
  ],
]);
