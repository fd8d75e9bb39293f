/** Do GitLab's settings protect what the pipelines believe, and leave it alone? */
import { fitsStars } from "../context/paths.ts";
import type { CleanupPolicy, TagRule } from "../gitlab/answers.ts";
import { ownTags } from "../image/key.ts";
import { compile } from "../pipelines/expression.ts";
import { triedRepositoryName } from "../plan/situation.ts";
import { type DoctorFacts, isFork } from "./facts.ts";
import { answerOf, type Checks, isTrouble, lines, say, type Trouble, unread } from "./judgement.ts";
import { anyRunsTags, promotedTags, protectedPaths, tagPatterns } from "./protect.ts";

const noFork = "not needed in a fork, whose registry no other project's pipeline reads";

export const protectionChecks = {
  /** Is what trusted pipelines write closed to others' pushes, and `try` open? */
  "protected-paths"({ situation, gitlab: { pathRules }, config, project }) {
    if (isFork(situation)) return say.ok(noFork);
    const path = projectPath(situation);
    const paths = protectedPaths(path, config, project.images);
    const todo = `add rules (Settings > Packages and registries > Container registry > Protected container repositories) with push for Maintainers: ${paths.join(" and ")}`;
    if (isTrouble(pathRules)) {
      const level = situation.ci ? "warning" : "note";
      return { ...unread("whether our repositories are protected", pathRules, todo), level };
    }
    const isProtected = (repository: string) =>
      pathRules.some(({ pattern, push }) => push && fitsStars(pattern, repository));
    const samples = paths.map((one) => one.replace("*", project.images[0] ?? "image"));
    const open = samples.filter((one) => !isProtected(one));
    const detail = lines(
      ...open.map((one) => `open: ${one}`),
      ...pathRules.map(({ pattern, push }) => `${pattern}  push: ${push ?? "any Developer"}`),
    );
    if (open.length > 0)
      return say.warning(
        "whoever is a Developer, or has one run a pipeline, can put any image under ours",
        detail,
        todo,
      );
    if (isProtected(`${path}/${triedRepositoryName}/image`))
      return say.warning(
        `the rules cover ${triedRepositoryName}/ too, so untrusted pipelines cannot build`,
        detail,
        `let the rules be ${paths.join(" and ")}`,
      );
    return say.ok(`our repositories are protected, ${triedRepositoryName}/ is not`, detail);
  },

  /** Rules for tags hold in every repository, so they must leave what untrusted pipelines write below `try`. */
  "protected-tags"({ situation, gitlab: { tagRules }, config }) {
    if (isFork(situation)) return say.ok(noFork);
    const { protect } = tagPatterns(config, situation.defaultBranch);
    const todo =
      protect &&
      `add one rule (Settings > Packages and registries > Container registry > Protected container tags): tag name pattern ${protect}  with push and delete for Maintainers`;
    if (isTrouble(tagRules)) return unread("whether promoted tags are protected", tagRules, todo);
    const has = lines(...tagRules.map(describeRule));
    const moved = promotedTags(config, situation.defaultBranch);
    const touched = (tags: readonly string[], rules: readonly TagRule[]) =>
      tags.filter((tag) => isProtected(tag, rules));
    const immutable = tagRules.filter(({ push, delete: remove }) => !push && !remove);
    const frozen = touched([...anyRunsTags, ...moved], immutable);
    if (frozen.length > 0)
      return say.warning(
        "a rule for immutable tags covers tags that berth moves and deletes",
        `Such a tag can be neither refreshed, promoted nor pruned: ${frozen.join(", ")}\n${has}`,
        "let the rule name a role instead, or leave them out",
      );
    const shut = touched(anyRunsTags, tagRules);
    if (shut.length > 0)
      return say.warning(
        "a rule for tags shuts out every Developer's pipeline that has something to build",
        `It holds below ${triedRepositoryName}/ too: ${shut.join(", ")}\n${has}`,
        "protect repositories instead (protected-paths)",
      );
    const open = moved.filter((tag) => !isProtected(tag, tagRules));
    if (open.length === 0) return say.ok("promoted tags are protected", has);
    const detail = lines(`such as ${open.join(", ")}`, has);
    return say.note("Developers may delete promoted tags", detail, todo);
  },

  cleanup({ situation, gitlab: { own, tagRules }, config, variables }) {
    const { cleanup: policy, registry } = answerOf(own) ?? {};
    if (policy === undefined)
      // Who sees the registry's setting would see a policy.
      return registry === undefined
        ? unread("GitLab's cleanup policy", shownTo("members", own, variables))
        : say.ok("GitLab has no cleanup policy for this project");
    if (!policy.enabled) return say.ok("GitLab's cleanup policy is off");
    const told = describePolicy(policy);
    const { keep } = tagPatterns(config, situation.defaultBranch);
    const todo = `switch it off (Settings > Packages and registries > Cleanup policies), since \`berth prune\` knows what is needed; or let it keep ${keep}`;
    const deletes = compile(policy.deletes ?? "");
    const keeps = compile(policy.keeps ?? "");
    if (deletes === undefined || keeps === undefined)
      return say.warning(
        "GitLab's cleanup policy has a pattern that could not be read",
        told,
        todo,
      );
    const rules = answerOf(tagRules) ?? [];
    const eaten = neededTags(config, situation).filter(
      (tag) => deletes.matches(tag) && !keeps.matches(tag) && !isProtected(tag, rules),
    );
    if (eaten.length === 0) return say.ok("GitLab's cleanup policy leaves our tags alone", told);
    return say.error(
      "GitLab's cleanup policy deletes images that pipelines use",
      `${told}\nIt goes by age, and an image of a key that is still needed can be old: it would delete ${eaten.join(", ")}`,
      todo,
    );
  },

  "fork-pipelines"({ situation, gitlab: { own }, variables }) {
    if (isFork(situation)) return say.ok("not a matter of this fork");
    const mayRun = answerOf(own)?.forkPipelines;
    if (mayRun === undefined) {
      const why = shownTo("maintainers", own, variables);
      return unread("whether forks' merge requests run here", why);
    }
    if (!mayRun) return say.ok("merge requests of forks run in the forks only");
    return say.warning(
      "members may run merge requests of forks here",
      "Such a pipeline runs the fork's code with a token that may do what its starter may. Started by a Maintainer, it passes every rule.",
      "if nobody needs it, switch it off: Settings > CI/CD > General pipelines or the API's ci_allow_fork_pipelines_to_run_in_parent_project; else let only Developers start such pipelines, after reading the changes",
    );
  },
} satisfies Checks<DoctorFacts>;

function projectPath({ own, untrusted }: DoctorFacts["situation"]): string {
  const path = own?.path ?? "GROUP/PROJECT";
  return untrusted === undefined ? path : path.slice(0, -`/${triedRepositoryName}`.length);
}

/** A pattern that cannot be read protects nothing as far as we know. */
function isProtected(tag: string, rules: readonly TagRule[]): boolean {
  return rules.some(({ pattern }) => compile(pattern)?.matcher(tag).find() === true);
}

function describeRule({ pattern, push, delete: remove }: TagRule): string {
  return `${pattern}  push: ${push ?? "nobody"}, delete: ${remove ?? "nobody"}`;
}

/** Tags that a cleanup may take and that pipelines look for; GitLab's leaves `latest` alone. */
function neededTags(
  config: DoctorFacts["config"],
  { defaultBranch }: DoctorFacts["situation"],
): readonly string[] {
  const all = [...anyRunsTags, ...promotedTags(config, defaultBranch)];
  return all.filter((tag) => tag !== "latest" && tag !== ownTags.built);
}

function describePolicy({ deletes, keeps, olderThan, keepNewest }: CleanupPolicy): string {
  const parts = [
    `deletes ${deletes || "nothing"}`,
    keeps && `keeps ${keeps}`,
    olderThan && `older than ${olderThan}`,
    keepNewest !== undefined && `but the newest ${keepNewest}`,
  ];
  return parts.filter(Boolean).join(", ");
}

/** Why GitLab does not tell a setting of a project. */
function shownTo(whom: string, own: unknown, { tokenVariable }: DoctorFacts["variables"]): Trouble {
  const trouble = `GitLab shows it to ${whom} only: give a token in ${tokenVariable}.`;
  return isTrouble(own) ? own : { trouble, todo: undefined };
}
