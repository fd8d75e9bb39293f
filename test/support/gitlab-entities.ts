/** The stand-in's answers in the shape of GitLab's API (gitlab docs: api/projects, pipelines, jobs, ...). */
import type { HistoryCommit } from "./gitlab-history.ts";
import {
  type JobRecord,
  type Model,
  roles,
  type TagProtection,
  type TestPipeline,
  type TestProject,
  type TestRequest,
} from "./gitlab-model.ts";

/** Everybody sees the first part; who has logged in sees settings, and maintainers all of them. */
export function projectEntity(project: TestProject, url: string, level: number): object {
  const { forkedFrom } = project;
  const basic = {
    id: project.id,
    name: project.path.split("/").at(-1),
    path: project.path.split("/").at(-1),
    path_with_namespace: project.path,
    web_url: `${url}/${project.path}`,
    default_branch: project.defaultBranch,
    visibility: project.visibility,
    // Told to everybody where both are public; before GitLab 17.1 to members only.
    ...(forkedFrom?.visibility === "public" || level > 0
      ? { forked_from_project: forkedFrom && projectName(forkedFrom) }
      : {}),
  };
  if (level === 0) return basic;
  const settings = {
    ...basic,
    container_registry_enabled: project.registry !== "disabled",
    container_registry_access_level: project.registry,
    container_expiration_policy: project.cleanup ?? null,
  };
  if (level < roles.maintainer) return settings;
  return {
    ...settings,
    ci_allow_fork_pipelines_to_run_in_parent_project: project.forkPipelines,
    ci_job_token_scope_enabled: false,
  };
}

export function projectName(project: TestProject): object {
  return { id: project.id, path_with_namespace: project.path };
}

export function pipelineEntity(pipeline: TestPipeline): object {
  const { id, iid, project, sha, ref, status, source } = pipeline;
  const at = pipeline.createdAt.toISOString();
  return {
    id,
    iid,
    project_id: project.id,
    sha,
    ref,
    status,
    source,
    created_at: at,
    updated_at: at,
  };
}

export function jobEntity(model: Model, job: JobRecord): object {
  const { pipeline } = job;
  return {
    id: job.id,
    name: job.name,
    stage: job.stage,
    status: job.status,
    ref: pipeline.ref,
    tag: job.isTag,
    commit: { id: pipeline.sha, short_id: pipeline.sha.slice(0, 8) },
    user: { id: 1, username: job.user },
    pipeline: pipelineEntity(pipeline),
    project: { ci_job_token_scope_enabled: false },
    created_at: pipeline.createdAt.toISOString(),
    finished_at: job.status === "running" ? null : model.now().toISOString(),
  };
}

export function commitEntity(commit: HistoryCommit): object {
  return {
    id: commit.id,
    short_id: commit.id.slice(0, 8),
    parent_ids: commit.parents,
    title: "a change",
    message: "a change\n",
    committed_date: commit.at.toISOString(),
  };
}

export function branchEntity(project: TestProject, name: string, id: string): object | undefined {
  const commit = project.history.commit(id);
  if (commit === undefined) return undefined;
  return {
    name,
    commit: commitEntity(commit),
    merged: false,
    protected: project.protectedBranches.has(name),
    default: name === project.defaultBranch,
  };
}

export function requestEntity(request: TestRequest, at: Date): object {
  const { id, iid, source, sourceBranch, target, targetBranch, state } = request;
  return {
    id,
    iid,
    project_id: target.id,
    state,
    title: "A change",
    source_branch: sourceBranch,
    source_project_id: source.id,
    target_branch: targetBranch,
    target_project_id: target.id,
    sha: source.history.heads().get(sourceBranch) ?? null,
    updated_at: at.toISOString(),
  };
}

export function pathRuleEntity({ pattern, push }: TestProject["repositoryRules"][number]): object {
  return { repository_path_pattern: pattern, minimum_access_level_for_push: push };
}

export function tagRuleEntity(project: TestProject, rule: TagProtection, index: number): object {
  return {
    id: index + 1,
    project_id: project.id,
    tag_name_pattern: rule.pattern,
    minimum_access_level_for_push: rule.push,
    minimum_access_level_for_delete: rule.delete,
  };
}
