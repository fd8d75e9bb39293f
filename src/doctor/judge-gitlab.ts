/** Do GitLab's settings protect what the pipelines believe, and leave it alone? */
import { RE2JS } from "re2js";
import type { CleanupPolicy, TagRule } from "../gitlab/answers.ts";
import { type DoctorFacts, isFork, isTrouble, type Judgement, judgement } from "./facts.ts";
import { troubleText } from "./judge-rights.ts";
import { type TagPatterns, tagPatterns, trustedTags, untrustedTags } from "./protect.ts";

export function judgeTagRules(facts: DoctorFacts): Judgement {
  const { situation, gitlab } = facts;
  if (isFork(situation))
    return judgement("ok", "not needed in a fork, whose registry no protected pipeline reads");
  const { tagRules } = gitlab;
  const todo = ruleTodo(patternsOf(facts));
  if (isTrouble(tagRules) || tagRules === undefined) {
    const level = situation.ci ? "warning" : "note";
    const why = isTrouble(tagRules)
      ? troubleText(tagRules)
      : "This GitLab does not tell its rules (older than 18.7, or its registry has no metadata database).";
    return judgement(level, "whether our tags are protected could not be read", why, todo);
  }
  const believed = trustedTags(facts.config, situation.defaultBranch);
  const open = believed.filter((tag) => !isProtected(tag, tagRules));
  const shut = untrustedTags.filter((tag) => isProtected(tag, tagRules));
  const has = tagRules.map(describeRule).join("\n");
  if (open.length > 0) {
    const what = `${open.length} of ${believed.length} kinds of tags can be overwritten by every Developer's pipeline`;
    return judgement("warning", what, [`such as ${open.join(", ")}`, has].join("\n").trim(), todo);
  }
  if (shut.length > 0) {
    const what = "the rule covers `try-` tags too, so merge requests of forks cannot keep images";
    return judgement("warning", what, has, todo);
  }
  const frozen = tagRules.some(
    ({ push, delete: remove }) => push === undefined && remove === undefined,
  );
  if (frozen) {
    const detail = "A tag that never changes can be neither refreshed, promoted nor pruned.";
    return judgement(
      "warning",
      "our tags are protected, some by a rule for immutable tags",
      `${detail}\n${has}`,
      "let the rule name a role instead",
    );
  }
  return judgement("ok", "our tags are protected, `try-` is not", has);
}

/** Reads a pattern as GitLab does; `undefined` where it is none. */
function compilePattern(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern);
  } catch {
    return undefined;
  }
}

/** A pattern that cannot be read protects nothing as far as we know. */
function isProtected(tag: string, rules: readonly TagRule[]): boolean {
  return rules.some(({ pattern }) => compilePattern(pattern)?.matcher(tag).find() === true);
}

function describeRule({ pattern, push, delete: remove }: TagRule): string {
  return `${pattern}  push: ${push ?? "nobody"}, delete: ${remove ?? "nobody"}`;
}

function ruleTodo({ protect, isWide }: TagPatterns): string {
  const where =
    "Settings > Packages and registries > Container registry > Protected container tags";
  const wide = isWide
    ? "; it takes every tag but `try-`, since the promoted ones do not fit one pattern"
    : "";
  return `add one rule (${where}): tag name pattern ${protect}  with push and delete for Maintainers${wide}`;
}

function patternsOf({ config, situation }: DoctorFacts): TagPatterns {
  return tagPatterns(config, situation.defaultBranch);
}

export function judgeCleanup(facts: DoctorFacts): Judgement {
  const { own, tagRules } = facts.gitlab;
  if (isTrouble(own))
    return judgement("note", "GitLab's cleanup policy could not be read", troubleText(own));
  const policy = own?.cleanup;
  // Who sees the registry's setting would see a policy.
  if (policy === undefined && own?.registry !== undefined)
    return judgement("ok", "GitLab has no cleanup policy for this project");
  if (policy === undefined) {
    const detail = `GitLab shows it to members only: give a token in ${facts.variables.tokenVariable}.`;
    return judgement("note", "GitLab's cleanup policy could not be read", detail);
  }
  if (!policy.enabled) return judgement("ok", "GitLab's cleanup policy is off");
  const todo = `switch it off (Settings > Packages and registries > Cleanup policies), since \`berth prune\` knows what is needed; or let it keep ${patternsOf(facts).keep}`;
  const deletes = compilePattern(policy.deletes ?? "");
  const keeps = compilePattern(policy.keeps ?? "");
  if (deletes === undefined || keeps === undefined)
    return judgement(
      "warning",
      "GitLab's cleanup policy has a pattern that could not be read",
      describePolicy(policy),
      todo,
    );
  const rules = isTrouble(tagRules) ? [] : (tagRules ?? []);
  const eaten = trustedTags(facts.config, facts.situation.defaultBranch).filter(
    (tag) =>
      tag !== "latest" && deletes.matches(tag) && !keeps.matches(tag) && !isProtected(tag, rules),
  );
  if (eaten.length === 0)
    return judgement("ok", "GitLab's cleanup policy leaves our tags alone", describePolicy(policy));
  const detail = `${describePolicy(policy)}\nIt goes by age, and an image of a key that is still needed can be old: it would delete ${eaten.join(", ")}`;
  return judgement(
    "error",
    "GitLab's cleanup policy deletes images that pipelines use",
    detail,
    todo,
  );
}

function describePolicy({ deletes, keeps, olderThan, keepNewest }: CleanupPolicy): string {
  const parts = [
    `deletes ${deletes || "nothing"}`,
    ...(keeps ? [`keeps ${keeps}`] : []),
    ...(olderThan === undefined ? [] : [`older than ${olderThan}`]),
    ...(keepNewest === undefined ? [] : [`but the newest ${keepNewest}`]),
  ];
  return parts.join(", ");
}

export function judgeForkPipelines({ situation, gitlab, variables }: DoctorFacts): Judgement {
  if (isFork(situation)) return judgement("ok", "not a matter of this fork");
  const { own } = gitlab;
  if (isTrouble(own))
    return judgement(
      "note",
      "whether forks' merge requests run here could not be read",
      troubleText(own),
    );
  if (own?.forkPipelines === undefined) {
    const detail = `GitLab shows it to maintainers only: give a token in ${variables.tokenVariable}.`;
    return judgement("note", "whether forks' merge requests run here could not be read", detail);
  }
  if (!own.forkPipelines) return judgement("ok", "merge requests of forks run in the forks only");
  return judgement(
    "warning",
    "members may run merge requests of forks here",
    "Such a pipeline runs the fork's code with a token that may do what its starter may. Started by a Maintainer, it passes the rule for protected tags.",
    "if nobody needs it, switch it off: Settings > CI/CD > General pipelines or the API's ci_allow_fork_pipelines_to_run_in_parent_project; else let only Developers start such pipelines, after reading the changes",
  );
}

/** What needs which GitLab, the oldest first. */
const needs = [
  { version: "17.0", level: "error", what: "the component" },
  { version: "17.11", level: "warning", what: "protected container tags" },
  { version: "18.7", level: "note", what: "reading the rules for protected tags" },
] as const;

export function judgeVersion({ variables: { serverVersion } }: DoctorFacts): Judgement {
  if (serverVersion === undefined)
    return judgement("note", "not known here: jobs see it in CI_SERVER_VERSION");
  const missing = needs.filter(({ version }) => isOlder(serverVersion, version));
  const [worst] = missing;
  if (worst === undefined) return judgement("ok", `GitLab ${serverVersion} has all that is used`);
  const detail = missing.map(({ version, what }) => `${what}: since ${version}`).join("\n");
  const todo =
    worst.level === "note" ? undefined : `upgrade GitLab to ${missing.at(-1)?.version} or later`;
  return judgement(worst.level, `GitLab ${serverVersion} lacks ${worst.what}`, detail, todo);
}

/** Compares the first two numbers of versions such as `18.5.0-ee`. */
export function isOlder(version: string, than: string): boolean {
  const numbers = (text: string): readonly number[] =>
    (text.match(/\d+/g) ?? []).slice(0, 2).map(Number);
  const [major = 0, minor = 0] = numbers(version);
  const [thanMajor = 0, thanMinor = 0] = numbers(than);
  return major < thanMajor || (major === thanMajor && minor < thanMinor);
}
