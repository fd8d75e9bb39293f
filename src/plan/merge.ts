/** Whether a pipeline is a merge, where images that a merge request brings along must be up to date. */
import type { MergeSettings } from "../config/config.ts";

export type Get = (name: string) => string | undefined;

/** A merge, and what is known of its target. */
export interface Merge {
  readonly because: "merge train" | "merged results" | "merge bot";
  readonly target: Target;
}

/** The branch that is merged into. */
export interface Target {
  readonly branch: string | undefined;
  /** Its head as GitLab merged it; `undefined` in detached pipelines, where git has to be asked. */
  readonly head: string | undefined;
  /** Address of the project that it belongs to, where that is not the one that this runs in. */
  readonly url: string | undefined;
}

/**
 * Reads GitLab's variables for merge request pipelines (gitlab docs: merge request pipelines).
 *
 * A merged result is a merge only where the configuration says so: GitLab makes one at each push.
 * The variables with the heads are there and empty in detached pipelines. What a fork's branch is merged
 * into nobody says, and the fork's own default branch may be of any age.
 */
export function mergeOf(
  env: Readonly<Record<string, string | undefined>>,
  { bots, mergedResults }: MergeSettings,
  isFork: boolean,
): Merge | undefined {
  const get: Get = (name) => env[name] || undefined;
  const event = eventOf(get("CI_MERGE_REQUEST_EVENT_TYPE"), mergedResults);
  const isBot = bots.includes(get("GITLAB_USER_LOGIN") ?? "");
  if (event === undefined && !isBot) return undefined;
  const isRequest = get("CI_MERGE_REQUEST_IID") !== undefined;
  const branch = isFork ? undefined : get("CI_DEFAULT_BRANCH");
  const isElsewhere = get("CI_MERGE_REQUEST_PROJECT_ID") !== get("CI_PROJECT_ID");
  return {
    because: event ?? "merge bot",
    target: {
      branch: isRequest ? get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME") : branch,
      head: get("CI_MERGE_REQUEST_TARGET_BRANCH_SHA"),
      url: isRequest && isElsewhere ? get("CI_MERGE_REQUEST_PROJECT_URL") : undefined,
    },
  };
}

function eventOf(event: string | undefined, mergedResults: boolean): Merge["because"] | undefined {
  if (event === "merge_train") return "merge train";
  return event === "merged_result" && mergedResults ? "merged results" : undefined;
}
