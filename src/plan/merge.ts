/** Whether a pipeline is a merge, where images that a merge request brings along must be up to date. */

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
  /** Address of the project that it belongs to. */
  readonly url: string | undefined;
}

const events: Readonly<Record<string, Merge["because"]>> = {
  merge_train: "merge train",
  merged_result: "merged results",
};

/**
 * Reads GitLab's variables for merge request pipelines (gitlab docs: merge request pipelines).
 *
 * The variables with the heads are there and empty in detached pipelines.
 */
export function mergeOf(
  env: Readonly<Record<string, string | undefined>>,
  bots: readonly string[],
): Merge | undefined {
  const get: Get = (name) => env[name] || undefined;
  const event = events[get("CI_MERGE_REQUEST_EVENT_TYPE") ?? ""];
  const isBot = bots.includes(get("GITLAB_USER_LOGIN") ?? "");
  if (event === undefined && !isBot) return undefined;
  const isRequest = get("CI_MERGE_REQUEST_IID") !== undefined;
  return {
    because: event ?? "merge bot",
    target: {
      branch: isRequest ? get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME") : get("CI_DEFAULT_BRANCH"),
      head: get("CI_MERGE_REQUEST_TARGET_BRANCH_SHA"),
      url: isRequest ? get("CI_MERGE_REQUEST_PROJECT_URL") : get("CI_PROJECT_URL"),
    },
  };
}
