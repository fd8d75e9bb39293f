/** What GitLab answers about projects. */
import * as z from "zod";
import { optional, text } from "./answer.ts";
import type { CleanupPolicy, Project, ProjectName } from "./gitlab.ts";

export const projectName = z
  .object({ id: z.int(), path_with_namespace: z.string() })
  .transform((from): ProjectName => ({ id: from.id, path: from.path_with_namespace }));

// Groups have `full_path` in some versions and `path` alone in others.
export const group = z
  .object({ id: z.int(), full_path: text, name: text })
  .transform((from): ProjectName => ({ id: from.id, path: from.full_path ?? from.name ?? "" }));

export const jobTokenScope = z.object({ inbound_enabled: z.boolean() });

const cleanup = z
  .object({
    enabled: z.boolean(),
    keep_n: optional(z.int()),
    older_than: text,
    name_regex: text,
    name_regex_delete: text,
    name_regex_keep: text,
  })
  .transform(
    (from): CleanupPolicy => ({
      enabled: from.enabled,
      keepNewest: from.keep_n,
      olderThan: from.older_than,
      deletes: from.name_regex_delete ?? from.name_regex,
      keeps: from.name_regex_keep,
    }),
  );

export const project = z
  .object({
    id: z.int(),
    path_with_namespace: z.string(),
    default_branch: text,
    visibility: optional(z.enum(["public", "internal", "private"])),
    forked_from_project: optional(projectName),
    container_registry_access_level: optional(z.enum(["enabled", "private", "disabled"])),
    container_registry_enabled: optional(z.boolean()),
    ci_allow_fork_pipelines_to_run_in_parent_project: optional(z.boolean()),
    container_expiration_policy: optional(cleanup),
  })
  .transform(
    (from): Project => ({
      id: from.id,
      path: from.path_with_namespace,
      defaultBranch: from.default_branch,
      visibility: from.visibility,
      forkedFrom: from.forked_from_project,
      registry:
        from.container_registry_access_level ??
        (from.container_registry_enabled === false ? "disabled" : undefined),
      forkPipelines: from.ci_allow_fork_pipelines_to_run_in_parent_project,
      cleanup: from.container_expiration_policy,
    }),
  );
