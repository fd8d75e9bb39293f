/** Where this run happens, read once from GitLab's predefined variables and the configuration. */
import type { Config, MergeSettings } from "../config/config.ts";
import { promotedPattern } from "../config/promoted.ts";
import { BerthError } from "../errors.ts";
import { imageOf } from "../image/image.ts";
import { below, isTag, parseRepository, type Repository } from "../oci/reference.ts";
import { isReserved, readTag } from "../oci/tags.ts";
import type { Env } from "../world.ts";
import { type Get, upstreamOf } from "./upstream.ts";

/** Where a pipeline runs; a developer's machine is `local`. */
export type Role = "upstream" | "fork" | "local";

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

/** What a run may read and write, and what it says about itself in annotations. */
export interface Situation {
  readonly ci: boolean;
  readonly role: Role;
  /** Why nobody believes what this run writes, in a few words; `undefined` where it is trusted. */
  readonly untrusted: string | undefined;
  /** A branch or tag that GitLab protects; false for every merge request. */
  readonly protected: boolean;
  readonly scheduled: boolean;
  /** Base of the repositories that this run writes; `undefined` where none is known (plan only). */
  readonly own: Repository | undefined;
  /** Base of upstream's repositories where they are others: a read-only source. */
  readonly upstream: Repository | undefined;
  /** Branch of a branch pipeline; never the source branch name of a merge request. */
  readonly branch: string | undefined;
  readonly defaultBranch: string | undefined;
  /** What is about to be merged, where this pipeline is a merge. */
  readonly merge: Merge | undefined;
  readonly pipeline: string | undefined;
  readonly job: string | undefined;
  /** GitLab's host. */
  readonly server: string | undefined;
  /** Address of the project's pages, for `org.opencontainers.image.source`. */
  readonly source: string | undefined;
  readonly wishes: Wishes;
  /** What a person should know about how this was told. */
  readonly warnings: readonly string[];
}

/** A job that carries out a plan has no `merge`: the plan has asked what a merge asks. */
type SituationConfig = Pick<Config, "prefix" | "upstream" | "registry"> &
  Partial<Pick<Config, "merge">>;

/**
 * Derives the situation from the environment; pure.
 *
 * `registry` is what the command line named as the own base. Decides by `CI_COMMIT_BRANCH` and project
 * ids, since a fork controls `CI_COMMIT_REF_NAME`.
 */
export function situationOf(
  env: Env,
  config: SituationConfig,
  registry: string | undefined,
): Situation {
  const get = (name: string): string | undefined => env[name] || undefined;
  const ci = get("CI") !== undefined || get("GITLAB_CI") !== undefined;
  const ownText = registry ?? get("CI_REGISTRY_IMAGE") ?? config.registry;
  const own = ownText === undefined ? undefined : parseRepository(ownText);
  const { isUpstream, source, warnings } = upstreamOf(config, get, own);
  const branch = get("CI_COMMIT_BRANCH");
  const isProtected = get("CI_COMMIT_REF_PROTECTED") === "true";
  const situation: Situation = {
    ci,
    role: !ci ? "local" : isUpstream ? "upstream" : "fork",
    untrusted: undefined,
    protected: isProtected && get("CI_MERGE_REQUEST_IID") === undefined,
    scheduled: get("CI_PIPELINE_SOURCE") === "schedule",
    own,
    upstream: source,
    branch,
    defaultBranch: get("CI_DEFAULT_BRANCH"),
    merge: config.merge && mergeOf(get, config.merge, ci && !isUpstream),
    pipeline: get("CI_PIPELINE_ID"),
    job: get("CI_JOB_ID"),
    server: get("CI_SERVER_HOST"),
    source: get("CI_PROJECT_URL"),
    wishes: wishesOf(config.prefix, get),
    warnings,
  };
  return isForeignMergeRequest(get)
    ? asUntrusted(situation, "the merge request's code is another project's")
    : situation;
}

/** Below a base: where untrusted runs have their registry, which nobody else reads. */
export const triedRepositoryName = "try";

/**
 * The same run where nobody is to believe it: a fork of its own project, whose registry is `<base>/try`. Stays
 * as it is where there is no reason, or one already.
 */
export function asUntrusted(situation: Situation, why: string | null): Situation {
  const { own, upstream, role, untrusted } = situation;
  if (why === null || untrusted !== undefined) return situation;
  return {
    ...situation,
    untrusted: why,
    role: "fork",
    own: own && below(own, triedRepositoryName),
    upstream: role === "upstream" ? own : (upstream ?? own),
  };
}

/** A merge request of another project that runs here has this project's token and the other's code. */
function isForeignMergeRequest(get: Get): boolean {
  const source = get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID");
  // The project of the source may have been deleted since.
  const isRequest = source !== undefined || get("CI_MERGE_REQUEST_IID") !== undefined;
  return isRequest && source !== get("CI_PROJECT_ID");
}

/**
 * Reads GitLab's variables for merge request pipelines (gitlab docs: merge request pipelines).
 *
 * A merged result is a merge only where the configuration says so: GitLab makes one at each push.
 * The variables with the heads are there and empty in detached pipelines. What a fork's branch is merged
 * into nobody says, and the fork's own default branch may be of any age.
 */
function mergeOf(
  get: Get,
  { bots, mergedResults }: MergeSettings,
  isFork: boolean,
): Merge | undefined {
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

/** The own base, for those who are about to write. */
export function ownBase(situation: Situation): Repository {
  if (situation.own !== undefined) return situation.own;
  const what = "find the project's registry: CI_REGISTRY_IMAGE is not set";
  throw new BerthError("REGISTRY_UNSET", what, {
    hint: situation.ci
      ? "enable the container registry in the project's settings (General, Visibility), or give --registry host/path"
      : "give --registry host/path, or set `registry` in berth.yml",
  });
}

export interface Wishes {
  /** What is built again: nothing, everything, or the images named. */
  readonly force: "none" | "all" | readonly string[];
  /** `<PREFIX>_CONTAINER_TAG` as it was given; `refuseTag` says whether images may have it. */
  readonly tag: string | undefined;
}

export function wishesOf(prefix: string, get: Get): Wishes {
  const tag = get(tagVariable(prefix));
  // GitLab gives a job the dotenv of all that it needs: a set's tag there is what berth wrote itself.
  const isOurs = tag !== undefined && readTag(tag)?.kind === "set";
  return { force: forceOf(get(`${prefix}_FORCE_REBUILD`)), tag: isOurs ? undefined : tag };
}

/** `1` is everything, `0` nothing; else names of images, with commas or blanks between them. */
function forceOf(text: string | undefined): Wishes["force"] {
  if (text === undefined || /^(?:0|false|no)$/i.test(text)) return "none";
  if (/^(?:1|true|yes|all)$/i.test(text)) return "all";
  const names = text.split(/[\s,]+/).filter((name) => name !== "");
  return names.length === 0 ? "none" : names;
}

/** Does a user want this image, or the one that this is a member of, built without any cache? */
export function isForced({ force }: Wishes, name: string): boolean {
  return force === "all" || (force !== "none" && force.includes(imageOf(name)));
}

/** REFERENCE_INVALID for a tag that no image may get; asked by those who give it to images or tell jobs of it. */
export function refuseTag(
  { wishes: { tag }, defaultBranch }: Pick<Situation, "wishes" | "defaultBranch">,
  config: Pick<Config, "prefix" | "publish">,
): void {
  if (tag === undefined) return;
  const name = tagVariable(config.prefix);
  if (!isTag(tag)) {
    throw new BerthError("REFERENCE_INVALID", `read ${name}: ${JSON.stringify(tag)} is not a tag`, {
      hint: "a tag has up to 128 letters, digits, '_', '.' and '-', and does not begin with '.' or '-'; for a branch take CI_COMMIT_REF_SLUG",
    });
  }
  const isMoving = promotedPattern(config, defaultBranch)(tag);
  if (!isMoving && !isReserved(tag)) return;
  const what = `read ${name}: ${tag} is ${isMoving ? "moved by `promote` alone" : "a tag of berth's own"}`;
  throw new BerthError("REFERENCE_INVALID", what, {
    hint: `take ${name} out of the YAML and the settings (jobs learn their tag from the plan job), or give a tag of your own`,
  });
}

function tagVariable(prefix: string): string {
  return `${prefix}_CONTAINER_TAG`;
}
