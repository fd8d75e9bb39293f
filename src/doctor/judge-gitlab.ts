/** Do GitLab's settings protect what the pipelines believe, and leave it alone? */
import { fitsStars } from "../context/paths.ts";
import type { CleanupPolicy, TagRule } from "../gitlab/answers.ts";
import { ownTags } from "../image/key.ts";
import { compile } from "../pipelines/expression.ts";
import { triedRepositoryName } from "../plan/situation.ts";
import {
  type DoctorFacts,
  failing,
  isFork,
  isTrouble,
  type Judgement,
  judgement,
  note,
  ok,
  unread,
  warning,
} from "./facts.ts";
import {
  anyRunsTags,
  promotedTags,
  protectedPaths,
  type TagPatterns,
  tagPatterns,
} from "./protect.ts";

const noFork = "not needed in a fork, whose registry no other project's pipeline reads";

/** Is what trusted pipelines write closed to others' pushes, and `try` open? */
export function judgePathRules(facts: DoctorFacts): Judgement {
  const { situation, gitlab, config, project } = facts;
  if (isFork(situation)) return ok(noFork);
  const { pathRules } = gitlab;
  const path = projectPath(situation);
  const paths = protectedPaths(path, config, project.images);
  const todo = `add rules (Settings > Packages and registries > Container registry > Protected container repositories) with push for Maintainers: ${paths.join(" and ")}`;
  if (isTrouble(pathRules) || pathRules === undefined) {
    const why = "This GitLab does not tell its rules (older than 17.9).";
    const level = situation.ci ? "warning" : "note";
    return { ...unread("whether our repositories are protected", pathRules, why, todo), level };
  }
  const isProtected = (repository: string) =>
    pathRules.some(({ pattern, push }) => push && fitsStars(pattern, repository));
  const samples = paths.map((one) => one.replace("*", project.images[0] ?? "image"));
  const open = samples.filter((one) => !isProtected(one));
  const has = pathRules.map(({ pattern, push }) => `${pattern}  push: ${push ?? "any Developer"}`);
  const detail = [...open.map((one) => `open: ${one}`), ...has].join("\n");
  if (open.length > 0) {
    const what = "whoever is a Developer, or has one run a pipeline, can put any image under ours";
    return warning(what, detail, todo);
  }
  if (isProtected(`${path}/${triedRepositoryName}/image`)) {
    const what = `the rules cover ${triedRepositoryName}/ too, so untrusted pipelines cannot build`;
    return warning(what, detail, `let the rules be ${paths.join(" and ")}`);
  }
  return ok(`our repositories are protected, ${triedRepositoryName}/ is not`, detail);
}

function projectPath({ own, untrusted }: DoctorFacts["situation"]): string {
  const path = own?.path ?? "GROUP/PROJECT";
  return untrusted === undefined ? path : path.slice(0, -`/${triedRepositoryName}`.length);
}

/** Rules for tags hold in every repository, so they must leave what untrusted pipelines write below `try`. */
export function judgeTagRules(facts: DoctorFacts): Judgement {
  const { situation, gitlab } = facts;
  if (isFork(situation)) return ok(noFork);
  const { tagRules } = gitlab;
  const rule = ruleTodo(patternsOf(facts));
  if (isTrouble(tagRules) || tagRules === undefined) {
    const why =
      "This GitLab does not tell its rules (older than 18.7, or its registry has no metadata database).";
    return unread("whether promoted tags are protected", tagRules, why, rule);
  }
  const has = tagRules.map(describeRule).join("\n");
  const moved = promotedTags(facts.config, situation.defaultBranch);
  const touched = (some: readonly TagRule[]) =>
    [...anyRunsTags, ...moved].filter((tag) => isProtected(tag, some));
  const frozen = touched(tagRules.filter(({ push, delete: remove }) => !push && !remove));
  if (frozen.length > 0) {
    const what = "a rule for immutable tags covers tags that berth moves and deletes";
    const detail = `Such a tag can be neither refreshed, promoted nor pruned: ${frozen.join(", ")}\n${has}`;
    return warning(what, detail, "let the rule name a role instead, or leave them out");
  }
  const shut = touched(tagRules).filter((tag) => anyRunsTags.includes(tag));
  if (shut.length > 0) {
    const what = "a rule for tags shuts out every Developer's pipeline that has something to build";
    const detail = `It holds below ${triedRepositoryName}/ too: ${shut.join(", ")}\n${has}`;
    return warning(what, detail, "protect repositories instead (protected-paths)");
  }
  const open = moved.filter((tag) => !isProtected(tag, tagRules));
  if (open.length === 0) return ok("promoted tags are protected", has);
  const detail = [`such as ${open.join(", ")}`, has].join("\n").trim();
  return note("Developers may delete promoted tags", detail, rule);
}

function ruleTodo({ protect }: TagPatterns): string | undefined {
  if (protect === undefined) return undefined;
  const where =
    "Settings > Packages and registries > Container registry > Protected container tags";
  return `add one rule (${where}): tag name pattern ${protect}  with push and delete for Maintainers`;
}

/** A pattern that cannot be read protects nothing as far as we know. */
function isProtected(tag: string, rules: readonly TagRule[]): boolean {
  return rules.some(({ pattern }) => compile(pattern)?.matcher(tag).find() === true);
}

function describeRule({ pattern, push, delete: remove }: TagRule): string {
  return `${pattern}  push: ${push ?? "nobody"}, delete: ${remove ?? "nobody"}`;
}

function patternsOf({ config, situation }: DoctorFacts): TagPatterns {
  return tagPatterns(config, situation.defaultBranch);
}

export function judgeCleanup(facts: DoctorFacts): Judgement {
  const { own, tagRules } = facts.gitlab;
  const policy = isTrouble(own) ? undefined : own?.cleanup;
  // Who sees the registry's setting would see a policy.
  if (policy === undefined && !isTrouble(own) && own?.registry !== undefined)
    return ok("GitLab has no cleanup policy for this project");
  if (policy === undefined)
    return unread("GitLab's cleanup policy", own, shownTo("members", facts));
  if (!policy.enabled) return ok("GitLab's cleanup policy is off");
  const todo = `switch it off (Settings > Packages and registries > Cleanup policies), since \`berth prune\` knows what is needed; or let it keep ${patternsOf(facts).keep}`;
  const deletes = compile(policy.deletes ?? "");
  const keeps = compile(policy.keeps ?? "");
  if (deletes === undefined || keeps === undefined)
    return warning(
      "GitLab's cleanup policy has a pattern that could not be read",
      describePolicy(policy),
      todo,
    );
  const rules = isTrouble(tagRules) ? [] : (tagRules ?? []);
  const eaten = neededTags(facts).filter(
    (tag) => deletes.matches(tag) && !keeps.matches(tag) && !isProtected(tag, rules),
  );
  if (eaten.length === 0)
    return ok("GitLab's cleanup policy leaves our tags alone", describePolicy(policy));
  const detail = `${describePolicy(policy)}\nIt goes by age, and an image of a key that is still needed can be old: it would delete ${eaten.join(", ")}`;
  return failing("GitLab's cleanup policy deletes images that pipelines use", detail, todo);
}

/** Tags that a cleanup may take and that pipelines look for; GitLab's leaves `latest` alone. */
function neededTags({ config, situation }: DoctorFacts): readonly string[] {
  const moved = promotedTags(config, situation.defaultBranch);
  const isSpared = (tag: string) => tag === "latest" || tag === ownTags.built;
  return [...anyRunsTags, ...moved].filter((tag) => !isSpared(tag));
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

/** Why GitLab does not tell a setting. */
function shownTo(whom: string, { variables }: DoctorFacts): string {
  return `GitLab shows it to ${whom} only: give a token in ${variables.tokenVariable}.`;
}

export function judgeForkPipelines(facts: DoctorFacts): Judgement {
  const { own } = facts.gitlab;
  if (isFork(facts.situation)) return ok("not a matter of this fork");
  const mayRun = isTrouble(own) ? undefined : own?.forkPipelines;
  if (mayRun === undefined)
    return unread("whether forks' merge requests run here", own, shownTo("maintainers", facts));
  if (!mayRun) return ok("merge requests of forks run in the forks only");
  return warning(
    "members may run merge requests of forks here",
    "Such a pipeline runs the fork's code with a token that may do what its starter may. Started by a Maintainer, it passes every rule.",
    "if nobody needs it, switch it off: Settings > CI/CD > General pipelines or the API's ci_allow_fork_pipelines_to_run_in_parent_project; else let only Developers start such pipelines, after reading the changes",
  );
}

/** What needs which GitLab, the oldest first. */
const needs = [
  { version: "17.0", level: "error", what: "the component" },
  { version: "17.9", level: "warning", what: "protected container repositories" },
  { version: "17.11", level: "note", what: "protected container tags" },
  { version: "18.7", level: "note", what: "reading the rules for protected tags" },
] as const;

export function judgeVersion({ variables: { serverVersion } }: DoctorFacts): Judgement {
  if (serverVersion === undefined) return note("not known here: jobs see it in CI_SERVER_VERSION");
  const missing = needs.filter(({ version }) => isOlder(serverVersion, version));
  const [worst] = missing;
  if (worst === undefined) return ok(`GitLab ${serverVersion} has all that is used`);
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
