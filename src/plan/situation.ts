/** Where this run happens, read once from GitLab's predefined variables and the configuration. */
import type { Config } from "../config/config.ts";
import { BerthError } from "../errors.ts";
import { isTag, parseRepository, printRepository, type Repository } from "../oci/reference.ts";
import { type Get, type Merge, mergeOf } from "./merge.ts";

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
  const { isUpstream, source } = upstreamOf(config, get, own);
  const branch = get("CI_COMMIT_BRANCH");
  const isProtected = get("CI_COMMIT_REF_PROTECTED") === "true";
  const believed = !ci || !isUpstream || isProtected || (config.trust?.unprotected ?? true);
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
    merge: mergeOf(env, config.merge?.bots ?? []),
    force: forceOf(get(`${config.prefix}_FORCE_REBUILD`)),
    pipeline: get("CI_PIPELINE_ID"),
    job: get("CI_JOB_ID"),
    source: get("CI_PROJECT_URL"),
    userTag: userTagOf(config, get),
  };
}

/**
 * Whether this project plays upstream, and the registry of upstream that it reads beside its own.
 *
 * In a fork whose owner named it upstream by the variable, the real upstream of the configuration stays
 * a source, read only.
 */
function upstreamOf(
  config: Pick<Config, "prefix" | "upstream">,
  get: Get,
  own: Repository | undefined,
): { readonly isUpstream: boolean; readonly source: Repository | undefined } {
  const baseOfText = (text: string | undefined) =>
    text === undefined ? undefined : baseOf(text, get, own);
  const real = baseOfText(config.upstream === "auto" ? targetOf(get) : config.upstream);
  const named = baseOfText(get(`${config.prefix}_UPSTREAM`)) ?? real;
  const isOwn = (base: Repository) =>
    own !== undefined && printRepository(own) === printRepository(base);
  // Whoever starts a pipeline can set variables; what the repository itself calls upstream stays upstream.
  const isReal = real !== undefined && isOwn(real);
  const isUpstream = named === undefined || isReal || isOwn(named);
  const source = isUpstream ? real : named;
  return { isUpstream, source: source === undefined || isOwn(source) ? undefined : source };
}

/** The project that a merge request goes to: of all variables the only one that names a fork's parent. */
function targetOf(get: Get): string | undefined {
  return get("CI_MERGE_REQUEST_PROJECT_PATH");
}

/** A merge request of another project that runs here has this project's token and the other's code. */
function isForeignMergeRequest(get: Get): boolean {
  const source = get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID");
  return source !== undefined && source !== get("CI_PROJECT_ID");
}

/**
 * Upstream's base: `host/path` as it is; a project path below the registry's host; a namespace with the
 * name of this project. GitLab's registry paths are lower case.
 */
function baseOf(text: string, get: Get, own: Repository | undefined): Repository | undefined {
  const first = text.split("/")[0] ?? "";
  if (text.includes("/") && (/[.:]/.test(first) || first === "localhost"))
    return parseRepository(text);
  const host = get("CI_REGISTRY") ?? own?.host;
  if (host === undefined) return undefined;
  const isNamespace =
    !text.includes("/") || text.toLowerCase() === get("CI_PROJECT_NAMESPACE")?.toLowerCase();
  if (!isNamespace) return parseRepository(`${host}/${text.toLowerCase()}`);
  const project = get("CI_PROJECT_NAME") ?? own?.path.split("/").at(-1);
  return project === undefined
    ? undefined
    : parseRepository(`${host}/${text}/${project}`.toLowerCase());
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
  const isMoving = publish.some(({ tag }) => tag === value);
  if (isMoving || /^(?:(?:try-)?(?:key|set|cache)\b|[0-9a-f]{64}$)/.test(value)) {
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
  return text.split(/[\s,]+/).filter((name) => name !== "");
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
