/** Where this run happens, read once from GitLab's predefined variables and the configuration. */
import type { Config } from "../config/config.ts";
import { BerthError } from "../errors.ts";
import { isTag, parseRepository, printRepository, type Repository } from "../oci/reference.ts";

/** Where a pipeline runs; a developer's machine is `local`. */
export type Role = "upstream" | "fork" | "local";

/** What a run may read and write, and what it says about itself in annotations. */
export interface Situation {
  readonly ci: boolean;
  readonly role: Role;
  /** May protected pipelines believe what this run writes? */
  readonly trusted: boolean;
  /** Base of the project's own repositories; `undefined` where none is known (plan only). */
  readonly own: Repository | undefined;
  /** Base of upstream's repositories where that is another project: a read-only source. */
  readonly upstream: Repository | undefined;
  /** Branch of a branch pipeline; never the source branch name of a merge request. */
  readonly branch: string | undefined;
  readonly defaultBranch: string | undefined;
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
  config: Pick<Config, "prefix" | "upstream" | "registry">,
  registry: string | undefined,
): Situation {
  const get = (name: string): string | undefined => env[name] || undefined;
  const ci = get("CI") !== undefined || get("GITLAB_CI") !== undefined;
  const ownText = registry ?? get("CI_REGISTRY_IMAGE") ?? config.registry;
  const own = ownText === undefined ? undefined : parseRepository(ownText);
  const upstreamText = get(`${config.prefix}_UPSTREAM`) ?? config.upstream;
  const upstreamBase = upstreamText === undefined ? undefined : baseOf(upstreamText, get, own);
  const isUpstream =
    upstreamBase === undefined ||
    (own !== undefined && printRepository(own) === printRepository(upstreamBase));
  return {
    ci,
    role: !ci ? "local" : isUpstream ? "upstream" : "fork",
    trusted: !isForeignMergeRequest(get),
    own,
    upstream: isUpstream ? undefined : upstreamBase,
    branch: get("CI_COMMIT_BRANCH"),
    defaultBranch: get("CI_DEFAULT_BRANCH"),
    pipeline: get("CI_PIPELINE_ID"),
    job: get("CI_JOB_ID"),
    source: get("CI_PROJECT_URL"),
    userTag: userTagOf(config.prefix, get),
  };
}

/** A merge request of another project that runs here has this project's token and the other's code. */
function isForeignMergeRequest(get: (name: string) => string | undefined): boolean {
  const source = get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID");
  return source !== undefined && source !== get("CI_PROJECT_ID");
}

/**
 * Upstream's base: `host/path` as it is; a project path below the registry's host; a namespace with the
 * name of this project. GitLab's registry paths are lower case.
 */
function baseOf(
  text: string,
  get: (name: string) => string | undefined,
  own: Repository | undefined,
): Repository | undefined {
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

function userTagOf(prefix: string, get: (name: string) => string | undefined): string | undefined {
  const name = `${prefix}_CONTAINER_TAG`;
  const value = get(name);
  if (value === undefined || isTag(value)) return value;
  throw new BerthError("REFERENCE_INVALID", `read ${name}: ${JSON.stringify(value)} is not a tag`, {
    hint: "a tag has up to 128 letters, digits, '_', '.' and '-', and does not begin with '.' or '-'",
  });
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
