/** The variables of a job as GitLab documents them (gitlab docs: ci/variables/predefined_variables). */
import type { JobFacts, ProjectFacts, RefFacts, ServerFacts } from "./job-facts.ts";

export type Variables = Readonly<Record<string, string>>;

const noon = "2026-11-20T12:00:00Z";

/** Everything that GitLab sets for one job; pure. A variable that GitLab does not set is not there. */
export function jobVariables(facts: JobFacts): Variables {
  return {
    ...serverVariables(facts.server),
    ...projectVariables(facts.project, facts.server),
    ...registryVariables(facts),
    ...refVariables(facts),
    ...commitVariables(facts),
    ...pipelineVariables(facts),
    ...(facts.ref.kind === "merge-request" ? requestVariables(facts.server, facts.ref) : {}),
    ...facts.variables,
  };
}

function serverVariables({ url }: ServerFacts): Variables {
  const { protocol, host, hostname, port } = new URL(url);
  return {
    CI: "true",
    GITLAB_CI: "true",
    CI_SERVER: "yes",
    CI_SERVER_URL: url,
    CI_SERVER_HOST: hostname,
    CI_SERVER_FQDN: host,
    CI_SERVER_PORT: port || (protocol === "https:" ? "443" : "80"),
    CI_SERVER_PROTOCOL: protocol.slice(0, -1),
    CI_SERVER_NAME: "GitLab",
    CI_SERVER_VERSION: "18.5.0",
    CI_SERVER_VERSION_MAJOR: "18",
    CI_SERVER_VERSION_MINOR: "5",
    CI_SERVER_VERSION_PATCH: "0",
    CI_API_V4_URL: `${url}/api/v4`,
    CI_API_GRAPHQL_URL: `${url}/api/graphql`,
  };
}

function projectVariables(project: ProjectFacts, { url }: ServerFacts): Variables {
  const segments = project.path.split("/");
  const name = segments.at(-1) ?? "";
  return {
    CI_PROJECT_ID: String(project.id),
    CI_PROJECT_NAME: name,
    CI_PROJECT_TITLE: name,
    CI_PROJECT_PATH: project.path,
    CI_PROJECT_PATH_SLUG: slug(project.path),
    CI_PROJECT_NAMESPACE: segments.slice(0, -1).join("/"),
    CI_PROJECT_ROOT_NAMESPACE: segments[0] ?? "",
    CI_PROJECT_URL: `${url}/${project.path}`,
    CI_PROJECT_VISIBILITY: project.visibility,
    CI_DEFAULT_BRANCH: project.defaultBranch,
    CI_CONFIG_PATH: ".gitlab-ci.yml",
  };
}

/** `CI_REGISTRY_IMAGE` is there only where the project's registry is enabled, in lower case. */
function registryVariables({ server, project, job }: JobFacts): Variables {
  const own = project.hasRegistry
    ? { CI_REGISTRY_IMAGE: `${server.registry}/${project.path.toLowerCase()}` }
    : {};
  return {
    CI_REGISTRY: server.registry,
    CI_REGISTRY_USER: "gitlab-ci-token",
    CI_REGISTRY_PASSWORD: job.token,
    ...own,
    CI_TEMPLATE_REGISTRY_HOST: "registry.gitlab.com",
    ...proxyVariables(server, project, job.token),
  };
}

/** The login for a group's dependency proxy, which is GitLab's own host. */
function proxyVariables({ url }: ServerFacts, { path }: ProjectFacts, token: string): Variables {
  const { protocol, hostname, port } = new URL(url);
  const server = `${hostname}:${port || (protocol === "https:" ? "443" : "80")}`;
  return {
    CI_DEPENDENCY_PROXY_SERVER: server,
    CI_DEPENDENCY_PROXY_USER: "gitlab-ci-token",
    CI_DEPENDENCY_PROXY_PASSWORD: token,
    CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX: `${server}/${path.split("/")[0]}/dependency_proxy/containers`,
  };
}

/** `CI_COMMIT_BRANCH` is for branch pipelines alone; in merge requests a fork chooses the ref's name. */
function refVariables({ ref }: JobFacts): Variables {
  const name = ref.kind === "merge-request" ? ref.request.sourceBranch : ref.name;
  return {
    CI_COMMIT_REF_NAME: name,
    CI_COMMIT_REF_SLUG: slug(name),
    CI_COMMIT_REF_PROTECTED: String(isProtected(ref)),
    ...(ref.kind === "branch" ? { CI_COMMIT_BRANCH: ref.name } : {}),
    ...(ref.kind === "tag" ? { CI_COMMIT_TAG: ref.name, CI_COMMIT_TAG_MESSAGE: "" } : {}),
  };
}

function isProtected(ref: RefFacts): boolean {
  if (ref.kind !== "merge-request") return ref.protected;
  const { source, target, sourceProtected, targetProtected } = ref.request;
  return (
    ref.protectsRequests === true &&
    source.id === target.id &&
    sourceProtected === true &&
    targetProtected === true
  );
}

function commitVariables({ commit: { sha, timestamp = noon } }: JobFacts): Variables {
  return {
    CI_COMMIT_SHA: sha,
    CI_COMMIT_SHORT_SHA: sha.slice(0, 8),
    CI_COMMIT_BEFORE_SHA: "0".repeat(40),
    CI_COMMIT_TITLE: "a change",
    CI_COMMIT_MESSAGE: "a change",
    CI_COMMIT_DESCRIPTION: "",
    CI_COMMIT_AUTHOR: "Jane <jane@example.com>",
    CI_COMMIT_TIMESTAMP: timestamp,
  };
}

function pipelineVariables(facts: JobFacts): Variables {
  const { server, project, pipeline, job, user, openRequests = [] } = facts;
  const page = `${server.url}/${project.path}/-`;
  const folder = facts.folder ?? `/builds/${project.path}`;
  return {
    CI_PIPELINE_ID: String(pipeline.id),
    CI_PIPELINE_IID: String(pipeline.iid),
    CI_PIPELINE_SOURCE: pipeline.source,
    CI_PIPELINE_URL: `${page}/pipelines/${pipeline.id}`,
    CI_PIPELINE_CREATED_AT: noon,
    ...(pipeline.source === "schedule" ? { CI_PIPELINE_SCHEDULE_DESCRIPTION: "nightly" } : {}),
    ...(pipeline.source === "trigger" ? { CI_PIPELINE_TRIGGERED: "true" } : {}),
    ...(openRequests.length === 0
      ? {}
      : { CI_OPEN_MERGE_REQUESTS: openRequests.slice(0, 4).join(",") }),
    CI_JOB_ID: String(job.id),
    CI_JOB_NAME: job.name,
    CI_JOB_NAME_SLUG: slug(job.name),
    CI_JOB_STAGE: job.stage,
    CI_JOB_STATUS: "running",
    CI_JOB_TOKEN: job.token,
    CI_JOB_URL: `${page}/jobs/${job.id}`,
    CI_NODE_TOTAL: "1",
    CI_BUILDS_DIR: "/builds",
    CI_PROJECT_DIR: folder,
    CI_REPOSITORY_URL: server.url
      .replace("://", `://gitlab-ci-token:${job.token}@`)
      .concat(`/${project.path}.git`),
    GITLAB_USER_ID: String(user.id),
    GITLAB_USER_LOGIN: user.login,
    GITLAB_USER_NAME: user.login,
    GITLAB_USER_EMAIL: `${user.login}@example.com`,
  };
}

export const refPaths = { detached: "head", merged_result: "merge", merge_train: "train" } as const;

/** The SHA variables of both branches are set, and empty, in detached pipelines. */
function requestVariables(
  { url }: ServerFacts,
  { request, event }: RefFacts & { readonly kind: "merge-request" },
): Variables {
  const isDetached = event === "detached";
  return {
    CI_MERGE_REQUEST_ID: String(request.id),
    CI_MERGE_REQUEST_IID: String(request.iid),
    CI_MERGE_REQUEST_TITLE: "A change",
    CI_MERGE_REQUEST_EVENT_TYPE: event,
    CI_MERGE_REQUEST_REF_PATH: `refs/merge-requests/${request.iid}/${refPaths[event]}`,
    CI_MERGE_REQUEST_DIFF_BASE_SHA: request.base,
    CI_MERGE_REQUEST_PROJECT_ID: String(request.target.id),
    CI_MERGE_REQUEST_PROJECT_PATH: request.target.path,
    CI_MERGE_REQUEST_PROJECT_URL: `${url}/${request.target.path}`,
    CI_MERGE_REQUEST_TARGET_BRANCH_NAME: request.targetBranch,
    CI_MERGE_REQUEST_TARGET_BRANCH_PROTECTED: String(request.targetProtected === true),
    CI_MERGE_REQUEST_TARGET_BRANCH_SHA: isDetached ? "" : request.targetHead,
    CI_MERGE_REQUEST_SOURCE_PROJECT_ID: String(request.source.id),
    CI_MERGE_REQUEST_SOURCE_PROJECT_PATH: request.source.path,
    CI_MERGE_REQUEST_SOURCE_PROJECT_URL: `${url}/${request.source.path}`,
    CI_MERGE_REQUEST_SOURCE_BRANCH_NAME: request.sourceBranch,
    CI_MERGE_REQUEST_SOURCE_BRANCH_PROTECTED: String(request.sourceProtected === true),
    CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: isDetached ? "" : request.head,
    CI_MERGE_REQUEST_SQUASH_ON_MERGE: "false",
  };
}

/** Lower case, at most 63 characters, all but letters and digits as `-`, none of those at the ends. */
function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
}
