/** Which tags a branch moves. */
import type { Config } from "./config.ts";

/** A branch as GitLab describes it to a job. */
export interface Branch {
  /** CI_COMMIT_BRANCH. */
  readonly name: string;
  /** CI_COMMIT_REF_SLUG. */
  readonly slug: string;
  /** CI_DEFAULT_BRANCH. */
  readonly defaultBranch: string | undefined;
}

/** Gives the tags that a pipeline of this branch promotes, each once, in the order of the configuration. */
export function promotedTags(config: Pick<Config, "publish">, branch: Branch): readonly string[] {
  const tags = config.publish
    .filter((rule) => matchesBranch(rule.branch, branch))
    .map((rule) => rule.tag.replace("{slug}", branch.slug));
  return [...new Set(tags)];
}

/** Is a tag made from the branch's name? Such a tag belongs to one branch alone. */
export function isNamedAfter(
  config: Pick<Config, "publish">,
  branch: Branch,
  tag: string,
): boolean {
  const rules = config.publish.filter((rule) => matchesBranch(rule.branch, branch));
  const plain = rules.some((rule) => rule.tag === tag);
  return !plain && promotedTags(config, branch).includes(tag);
}

/** `*` stands for any characters, slashes too, as in GitLab's protected branches. */
export function matchesBranch(
  pattern: string,
  { name, defaultBranch }: Pick<Branch, "name" | "defaultBranch">,
): boolean {
  if (pattern === "{default}") return name === defaultBranch;
  const parts = pattern.split("*").map((text) => text.replace(/[.\\^$+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(name);
}
