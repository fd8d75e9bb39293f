/** Where this run happens, read once from GitLab's predefined variables and the configuration. */
import { type Config, defaultConfig } from "../config/config.ts";
import { promotedPattern } from "../config/promoted.ts";
import { BerthError } from "../errors.ts";
import { isTag, parseRepository, type Repository } from "../oci/reference.ts";
import { isReserved } from "../oci/tags.ts";
import { type Get, type Merge, mergeOf } from "./merge.ts";
import { guessWarning, upstreamOf } from "./upstream.ts";

/** Where a pipeline runs; a developer's machine is `local`. */
export type Role = "upstream" | "fork" | "local";

/** What a run may read and write, and what it says about itself in annotations. */
export interface Situation {
  readonly ci: boolean;
  readonly role: Role;
  /** May protected pipelines believe what this run writes? */
  readonly trusted: boolean;
  /** A branch or tag that GitLab protects; false for every merge request. */
  readonly protected: boolean;
  readonly scheduled: boolean;
  /** Base of the project's own repositories; `undefined` where none is known (plan only). */
  readonly own: Repository | undefined;
  /** Base of upstream's repositories where that is another project: a read-only source. */
  readonly upstream: Repository | undefined;
  /** Branch of a branch pipeline; never the source branch name of a merge request. */
  readonly branch: string | undefined;
  readonly defaultBranch: string | undefined;
  /** What is about to be merged, where this pipeline is a merge. */
  readonly merge: Merge | undefined;
  /** What a user wants built again: nothing, everything, or the images named. */
  readonly force: "none" | "all" | readonly string[];
  readonly pipeline: string | undefined;
  readonly job: string | undefined;
  /** Address of the project's pages, for `org.opencontainers.image.source`. */
  readonly source: string | undefined;
  /** What a user set as `<PREFIX>_CONTAINER_TAG`. */
  readonly userTag: string | undefined;
  /** What a person should know about how this was told. */
  readonly warnings: readonly string[];
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Derives the situation from the environment; pure.
 *
 * `registry` is what the command line named as the own base. Decides by `CI_COMMIT_BRANCH` and project
 * ids, since a fork controls `CI_COMMIT_REF_NAME`.
 */
export function situationOf(
  env: Env,
  config: Pick<Config, "prefix" | "upstream" | "registry"> &
    Partial<Pick<Config, "trust" | "merge" | "publish">>,
  registry: string | undefined,
): Situation {
  const get = (name: string): string | undefined => env[name] || undefined;
  const ci = get("CI") !== undefined || get("GITLAB_CI") !== undefined;
  const ownText = registry ?? get("CI_REGISTRY_IMAGE") ?? config.registry;
  const own = ownText === undefined ? undefined : parseRepository(ownText);
  const { isUpstream, isGuess, source } = upstreamOf(config, get, own);
  const branch = get("CI_COMMIT_BRANCH");
  const isProtected = get("CI_COMMIT_REF_PROTECTED") === "true";
  const believed =
    !ci || !isUpstream || isProtected || (config.trust ?? defaultConfig.trust).unprotected;
  return {
    ci,
    role: !ci ? "local" : isUpstream ? "upstream" : "fork",
    trusted: believed && !isForeignMergeRequest(get),
    protected: isProtected && get("CI_MERGE_REQUEST_IID") === undefined,
    scheduled: get("CI_PIPELINE_SOURCE") === "schedule",
    own,
    upstream: source,
    branch,
    defaultBranch: get("CI_DEFAULT_BRANCH"),
    merge: mergeOf(env, config.merge ?? defaultConfig.merge, ci && !isUpstream),
    force: forceOf(get(`${config.prefix}_FORCE_REBUILD`)),
    pipeline: get("CI_PIPELINE_ID"),
    job: get("CI_JOB_ID"),
    source: get("CI_PROJECT_URL"),
    userTag: userTagOf(config, get),
    warnings: isGuess ? [guessWarning(config.prefix)] : [],
  };
}

/** A merge request of another project that runs here has this project's token and the other's code. */
function isForeignMergeRequest(get: Get): boolean {
  const source = get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID");
  // The project of the source may have been deleted since.
  const isRequest = source !== undefined || get("CI_MERGE_REQUEST_IID") !== undefined;
  return isRequest && source !== get("CI_PROJECT_ID");
}

function userTagOf(
  { prefix, publish = [] }: Pick<Config, "prefix"> & Partial<Pick<Config, "publish">>,
  get: Get,
): string | undefined {
  const name = `${prefix}_CONTAINER_TAG`;
  const value = get(name);
  if (value === undefined) return value;
  if (!isTag(value)) {
    throw new BerthError(
      "REFERENCE_INVALID",
      `read ${name}: ${JSON.stringify(value)} is not a tag`,
      {
        hint: "a tag has up to 128 letters, digits, '_', '.' and '-', and does not begin with '.' or '-'; for a branch take CI_COMMIT_REF_SLUG",
      },
    );
  }
  const isMoving = promotedPattern({ publish }, get("CI_DEFAULT_BRANCH"))(value);
  if (isMoving || isReserved(value)) {
    throw new BerthError(
      "REFERENCE_INVALID",
      `read ${name}: ${value} is ${isMoving ? "moved by `promote` alone" : "a tag of berth's own"}`,
      {
        hint: `take ${name} out of the YAML and the settings (jobs learn their tag from the plan job), or give a tag of your own`,
      },
    );
  }
  return value;
}

/** `1` is everything, `0` nothing; else names of images, with commas or blanks between them. */
function forceOf(text: string | undefined): Situation["force"] {
  if (text === undefined || /^(?:0|false|no)$/i.test(text)) return "none";
  if (/^(?:1|true|yes|all)$/i.test(text)) return "all";
  const names = text.split(/[\s,]+/).filter((name) => name !== "");
  return names.length === 0 ? "none" : names;
}

/** The own base, for those who are about to write. */
export function ownBase(situation: Situation): Repository {
  if (situation.own !== undefined) return situation.own;
  throw new BerthError(
    "REGISTRY_UNSET",
    "find the project's registry: CI_REGISTRY_IMAGE is not set",
    {
      hint: situation.ci
        ? "enable the container registry in the project's settings (General, Visibility), or give --registry host/path"
        : "give --registry host/path, or set `registry` in berth.yml",
    },
  );
}
