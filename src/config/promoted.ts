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
    .filter((rule) => matches(rule.branch, branch))
    .map((rule) => rule.tag.replace("{slug}", branch.slug));
  return [...new Set(tags)];
}

/** `*` stands for any characters, slashes too, as in GitLab's protected branches. */
function matches(pattern: string, { name, defaultBranch }: Branch): boolean {
  if (pattern === "{default}") return name === defaultBranch;
  const parts = pattern.split("*").map((text) => text.replace(/[.\\^$+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(name);
}
