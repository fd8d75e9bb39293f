/** Whose name GitLab is asked in, which right each question needs, and the error that says which one a token lacks (gitlab docs: ci/jobs/ci_job_token, api). */
import { BerthError } from "../errors.ts";
import { addressKind } from "../http/origin.ts";
import type { Env } from "../world.ts";

/** Where GitLab's API is and which tokens there are; holds secrets, so it is handed on and never printed. */
export interface GitLabAccess {
  /** Address of the API with its version, such as `https://gitlab.example.com/api/v4`. */
  readonly api: string;
  readonly jobToken: string | undefined;
  readonly given: { readonly variable: string; readonly value: string } | undefined;
  /** The variable of a token that may not be sent there. */
  readonly withheld?: string | undefined;
  /** The variable to name to a user who should give a token. */
  readonly variable: string;
}

/** One way to ask; `none` is asking as anybody, whom public projects answer. */
export type GitLabLogin =
  | { readonly kind: "job"; readonly value: string }
  | { readonly kind: "given"; readonly value: string; readonly variable: string }
  | { readonly kind: "none" };

/** Reads where GitLab is and the tokens from the environment; `undefined` where no GitLab is known. */
export function accessOf(env: Env, prefix: string): GitLabAccess | undefined {
  const server = env["CI_SERVER_URL"];
  const api = env["CI_API_V4_URL"] || (server ? `${server}/api/v4` : undefined);
  if (api === undefined) return undefined;
  const own = `${prefix}_GITLAB_TOKEN`;
  const variable = [own, "GITLAB_TOKEN"].find((name) => env[name]);
  const isSent = isHome(api, server);
  return {
    api: api.replace(/\/+$/, ""),
    jobToken: env["CI_JOB_TOKEN"] || undefined,
    given: variable !== undefined && isSent ? { variable, value: env[variable] ?? "" } : undefined,
    withheld: isSent ? undefined : variable,
    variable: own,
  };
}

/**
 * Whether a given token may be sent to an API. It is not the token of who started the pipeline, who may have set
 * the address: so never by plain http, but to this machine, and to no other host than GitLab's own.
 */
function isHome(api: string, server: string | undefined): boolean {
  if (!URL.canParse(api)) return false;
  const { protocol, hostname, host } = new URL(api);
  const isSafe =
    protocol === "https:" || (protocol === "http:" && addressKind(hostname) === "loopback");
  const isSame = !server || (URL.canParse(server) && new URL(server).host === host);
  return isSafe && isSame;
}

/** The header that carries a login. */
export function headerOf(login: GitLabLogin): Readonly<Record<string, string>> {
  if (login.kind === "none") return {};
  return { [login.kind === "job" ? "job-token" : "private-token"]: login.value };
}

/**
 * What a CI job token may do at an endpoint: it may ask of any project that lets it in, of its own project only,
 * may ask on newer servers, or is ignored (public projects answer all the same).
 */
type JobTokenRule = "any-project" | "own-project" | "newer" | "ignored";

export interface Endpoint {
  readonly jobToken: JobTokenRule;
  readonly scope: "read_api" | "api";
  /** The least role in a project that is not public. */
  readonly role: "Guest" | "Reporter" | "Developer" | "Maintainer";
}

const reads = { scope: "read_api", role: "Reporter" } as const;

export const endpoints = {
  /** GET /projects/:id */
  project: { jobToken: "ignored", scope: "read_api", role: "Guest" },
  /** GET /projects/:id/job_token_scope, with its allowlist and groups_allowlist */
  jobTokenAccess: { jobToken: "ignored", scope: "read_api", role: "Maintainer" },
  /** GET /projects/:id/pipelines/:pipeline_id/jobs */
  jobs: { jobToken: "newer", ...reads },
  /** GET /projects/:id/pipelines/:pipeline_id */
  pipeline: { jobToken: "newer", ...reads },
  /** GET /projects/:id/pipelines */
  pipelines: { jobToken: "newer", ...reads },
  /** GET /projects/:id/pipeline_schedules */
  schedules: { jobToken: "ignored", ...reads },
  /** GET /projects/:id/ci/lint */
  lint: { jobToken: "ignored", ...reads },
  /** GET /projects/:id/repository/branches */
  branches: { jobToken: "any-project", ...reads },
  /** GET /projects/:id/merge_requests */
  mergeRequests: { jobToken: "any-project", ...reads },
  /** GET /projects/:id/registry/repositories */
  repositories: { jobToken: "own-project", ...reads },
  /** GET /projects/:id/registry/repositories/:repository_id/tags/:tag_name */
  tags: { jobToken: "own-project", ...reads },
  /** DELETE /projects/:id/registry/repositories/:repository_id/tags/:tag_name */
  deleteTag: { jobToken: "own-project", scope: "api", role: "Developer" },
  /** GET /projects/:id/registry/protection/repository/rules */
  pathRules: { jobToken: "ignored", scope: "read_api", role: "Maintainer" },
  /** GET /projects/:id/registry/protection/tag/rules */
  tagRules: { jobToken: "ignored", scope: "read_api", role: "Maintainer" },
} as const satisfies Record<string, Endpoint>;

export type EndpointName = keyof typeof endpoints;

/** The logins worth trying at an endpoint, in order: what a user gave on purpose before the job's token. */
export function loginsFor(
  { given, jobToken }: GitLabAccess,
  name: EndpointName,
): readonly GitLabLogin[] {
  const logins: GitLabLogin[] = [];
  if (given !== undefined) logins.push({ kind: "given", ...given });
  if (jobToken !== undefined && endpoints[name].jobToken !== "ignored")
    logins.push({ kind: "job", value: jobToken });
  return logins.length > 0 ? logins : [{ kind: "none" }];
}

/** What GitLab said to a request that it did not fulfil. */
export interface GitLabRefusal {
  /** What was being done, on what. */
  readonly purpose: string;
  readonly endpoint: EndpointName;
  readonly login: GitLabLogin;
  readonly status: number;
  /** GitLab's words, on one line and without secrets. */
  readonly said: string;
}

/** A token that lacks the right to an answer. */
export interface Denied {
  readonly denied: true;
  readonly message: string;
  readonly hint: string | undefined;
}

/** Makes a missing right a value, for questions whose answer is welcome but not needed. */
export async function unlessDenied<T>(answer: Promise<T>): Promise<T | Denied> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof BerthError) || error.code !== "GITLAB_DENIED") throw error;
    return { denied: true, message: error.message, hint: error.hint };
  }
}

export function isDenied(answer: unknown): answer is Denied {
  return typeof answer === "object" && answer !== null && "denied" in answer;
}

/** Whether the whole project is not there or hidden: GitLab answers 404 to who may not see it. */
export function isProjectHidden({ status, said }: GitLabRefusal): boolean {
  return status === 404 && /\bproject not found\b/i.test(said);
}

/** Whether another token might get an answer at this endpoint: this one is unknown, or of too small a scope. */
export function isWrongToken({ status, said }: Pick<GitLabRefusal, "status" | "said">): boolean {
  return status === 401 || (status === 403 && said.includes("insufficient_scope"));
}

/** The error for an answer that is neither success nor absence. */
export function refusalError(refusal: GitLabRefusal, access: GitLabAccess): BerthError {
  const { purpose, status, said } = refusal;
  const message = `${purpose}: ${said === "" ? status : `${status} ${said}`}`;
  if (status === 401 || status === 403 || isProjectHidden(refusal)) {
    return new BerthError("GITLAB_DENIED", message, { hint: deniedHint(refusal, access) });
  }
  return new BerthError("GITLAB_REFUSED", message, {
    hint: "check the project and the variables of GitLab (CI_API_V4_URL, CI_SERVER_URL)",
  });
}

/** What to give so that the question is answered. */
export function deniedHint(refusal: GitLabRefusal, access: GitLabAccess): string {
  const { login, status, endpoint: name } = refusal;
  const endpoint: Endpoint = endpoints[name];
  const give = `give a project access token (role ${endpoint.role}, scope ${endpoint.scope}) as variable ${access.variable}`;
  if (login.kind === "none") return `${whyNone(endpoint, access)}${give}`;
  if (login.kind === "job") return `${whyJob(endpoint, status)}; or ${give}`;
  if (status === 401)
    return `the token in ${login.variable} is unknown, expired or revoked: ${give}`;
  if (isWrongToken(refusal))
    return `the token in ${login.variable} lacks the scope ${endpoint.scope}`;
  return `the token in ${login.variable} needs the role ${endpoint.role} in that project`;
}

function whyNone(endpoint: Endpoint, access: GitLabAccess): string {
  if (access.jobToken === undefined) return "there is no token: ";
  return endpoint.jobToken === "ignored"
    ? "a job token may not ask this of a private project: "
    : "";
}

function whyJob(endpoint: Endpoint, status: number): string {
  if (status === 401) return "the job token is only good while its job runs";
  if (endpoint.jobToken === "newer") return "older GitLab lets no job token ask this: upgrade";
  if (endpoint.jobToken === "own-project") {
    const role = `who started this pipeline needs the role ${endpoint.role}`;
    return `a job token may ask this of its own project only, and ${role}`;
  }
  return "that project must have this one on its job token allowlist, and who started this pipeline must be a member";
}
