/** Who may do what in the stand-in of GitLab, as its documentation tells it; pure. */
import {
  type Identity,
  type Model,
  projectOfRepository,
  type Role,
  roles,
  type TestProject,
} from "./gitlab-model.ts";

export function levelOf(identity: Identity, project: TestProject): number {
  if (identity.kind === "anonymous") return 0;
  const login = identity.kind === "job" ? identity.job.user : identity.login;
  const role = project.members.get(login);
  return role === undefined ? 0 : roles[role];
}

/** Whether a job token is let in: by its own project, by allowlist, or where everybody may come in. */
export function letsIn(identity: Identity, project: TestProject): boolean {
  if (identity.kind !== "job") return true;
  const own = identity.job.pipeline.project.id;
  return own === project.id || !project.limitsJobTokens || project.allowed.has(own);
}

export function maySee(identity: Identity, project: TestProject): boolean {
  if (project.visibility === "public") return true;
  if (!letsIn(identity, project)) return false;
  if (project.visibility === "internal" && identity.kind !== "anonymous") return true;
  return levelOf(identity, project) >= roles.guest;
}

/** Reading code, pipelines and merge requests: everybody of a public project, else from Reporter on. */
export function mayRead(identity: Identity, project: TestProject): boolean {
  if (!maySee(identity, project)) return false;
  return project.visibility !== "private" || levelOf(identity, project) >= roles.reporter;
}

/** Reading container images; the setting "only members" makes a public project's registry private. */
export function mayPull(identity: Identity, project: TestProject): boolean {
  if (project.registry === "disabled") return false;
  if (isOwnJob(identity, project)) return true;
  const isOpen = project.visibility !== "private" && project.registry === "enabled";
  if (isOpen && maySee(identity, project)) return true;
  return letsIn(identity, project) && levelOf(identity, project) >= roles.reporter;
}

/** Writing container images: a job token in its own project only, and both from Developer on. */
export function mayPush(identity: Identity, project: TestProject): boolean {
  if (project.registry === "disabled") return false;
  if (identity.kind === "job" && !isOwnJob(identity, project)) return false;
  const isScoped =
    identity.kind !== "user" ||
    identity.scopes.some((scope) => scope === "api" || scope === "write_registry");
  return isScoped && levelOf(identity, project) >= roles.developer;
}

export function isOwnJob(identity: Identity, project: TestProject): boolean {
  return identity.kind === "job" && identity.job.pipeline.project.id === project.id;
}

/** What the token service grants for a path. */
export function mayAccess(model: Model, identity: Identity, path: string, action: string): boolean {
  const project = projectOfRepository(model, path);
  if (project === undefined) return false;
  return action === "pull" ? mayPull(identity, project) : mayPush(identity, project);
}

/** Whether the rules for protected container tags let somebody write or delete a tag. */
export function mayChangeTag(
  identity: Identity,
  project: TestProject,
  tag: string,
  action: "push" | "delete",
): boolean {
  const needed = project.tagRules
    .filter(({ pattern }) => new RegExp(pattern).test(tag))
    .map((rule): number => roles[rule[action]]);
  return levelOf(identity, project) >= Math.max(0, ...needed);
}

/** What a token says of a path's project: the rules for tags that stop somebody, by what the token grants. */
export function tokenMeta(
  model: Model,
  identity: Identity,
  path: string,
  actions: readonly string[],
): object {
  const project = projectOfRepository(model, path);
  if (project === undefined) return {};
  const { id, path: own, tagRules } = project;
  const level = levelOf(identity, project);
  const kinds = (["push", "delete"] as const).filter((action) => actions.includes(action));
  const stops = kinds.map((action) => {
    const those = tagRules.filter((rule) => level < roles[rule[action]]);
    return [action, those.map(({ pattern }) => pattern)] as const;
  });
  const denied = { tag_deny_access_patterns: Object.fromEntries(stops) };
  return {
    project_path: own.toLowerCase(),
    project_id: id,
    root_namespace_id: 1,
    ...(tagRules.length === 0 || identity.kind === "anonymous" ? {} : denied),
  };
}

/** Whether a push to a repository is forbidden by a rule for protected repositories (`*` in paths). */
export function isProtectedRepository(model: Model, identity: Identity, path: string): boolean {
  const project = projectOfRepository(model, path);
  if (project === undefined) return false;
  return project.repositoryRules.some(({ pattern, push }: { pattern: string; push: Role }) => {
    const whole = pattern
      .toLowerCase()
      .replace(/[.+?^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*");
    return new RegExp(`^${whole}$`).test(path) && levelOf(identity, project) < roles[push];
  });
}
