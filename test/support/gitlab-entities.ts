/** What of GitLab's API berth and the smoke test read (gitlab docs: api/projects, pipelines, jobs, ...), in its shape. */
import {
  type JobRecord,
  roles,
  type TagProtection,
  type TestPipeline,
  type TestProject,
  type TestRequest,
} from "./gitlab-model.ts";

/** Everybody sees the first part; who has logged in sees settings, and maintainers all of them. */
export function projectEntity(project: TestProject, level: number): object {
  const { forkedFrom } = project;
  const basic = {
    ...projectName(project),
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
  const forkPipelines = project.forkPipelines;
  return { ...settings, ci_allow_fork_pipelines_to_run_in_parent_project: forkPipelines };
}

export function projectName({ id, path }: TestProject): object {
  return { id, path_with_namespace: path };
}

export function pipelineEntity({ id, sha, ref, status, createdAt }: TestPipeline): object {
  return { id, sha, ref, status, created_at: createdAt.toISOString() };
}

export function jobEntity({ id, name, stage, status }: JobRecord): object {
  return { id, name, stage, status };
}

export function branchEntity(name: string, id: string): object {
  return { name, commit: { id, title: "a change" } };
}

export function requestEntity({
  id,
  iid,
  source,
  sourceBranch,
  target,
  state,
}: TestRequest): object {
  return {
    ...{ id, iid, state },
    source_project_id: source.id,
    target_project_id: target.id,
    sha: source.history.heads().get(sourceBranch) ?? null,
  };
}

export function pathRuleEntity({ pattern, push }: TestProject["repositoryRules"][number]): object {
  return { repository_path_pattern: pattern, minimum_access_level_for_push: push };
}

export function tagRuleEntity(rule: TagProtection, index: number): object {
  return {
    id: index + 1,
    tag_name_pattern: rule.pattern,
    minimum_access_level_for_push: rule.push,
    minimum_access_level_for_delete: rule.delete,
  };
}
