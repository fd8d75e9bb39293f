/** What berth asks of GitLab's REST API, and with which right (gitlab docs: ci/jobs/ci_job_token, api). */

/**
 * What a CI job token may do at an endpoint: it is made for it, may ask of any project that lets it in,
 * of its own project only, may ask on newer servers, or is ignored (public projects answer all the same).
 */
type JobTokenRule = "only" | "any-project" | "own-project" | "newer" | "ignored";

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
  /** GET /job */
  currentJob: { jobToken: "only", ...reads },
  /** GET /projects/:id/pipelines/:pipeline_id/jobs */
  jobs: { jobToken: "newer", ...reads },
  /** GET /projects/:id/pipelines/:pipeline_id */
  pipeline: { jobToken: "newer", ...reads },
  /** GET /projects/:id/pipelines */
  pipelines: { jobToken: "newer", ...reads },
  /** GET /projects/:id/pipeline_schedules */
  schedules: { jobToken: "ignored", ...reads },
  /** GET /projects/:id/repository/merge_base */
  mergeBase: { jobToken: "ignored", ...reads },
  /** GET /projects/:id/repository/commits/:sha */
  commit: { jobToken: "any-project", ...reads },
  /** GET /projects/:id/repository/commits */
  commits: { jobToken: "ignored", ...reads },
  /** GET /projects/:id/repository/branches */
  branches: { jobToken: "any-project", ...reads },
  /** GET /projects/:id/merge_requests, with and without :iid */
  mergeRequests: { jobToken: "any-project", ...reads },
  /** GET /projects/:id/registry/repositories */
  repositories: { jobToken: "own-project", ...reads },
  /** GET /projects/:id/registry/repositories/:repository_id/tags, with and without :tag_name */
  tags: { jobToken: "own-project", ...reads },
  /** DELETE /projects/:id/registry/repositories/:repository_id/tags/:tag_name */
  deleteTag: { jobToken: "own-project", scope: "api", role: "Developer" },
  /** GET /projects/:id/registry/protection/tag/rules */
  tagRules: { jobToken: "ignored", scope: "read_api", role: "Maintainer" },
} as const satisfies Record<string, Endpoint>;

export type EndpointName = keyof typeof endpoints;
