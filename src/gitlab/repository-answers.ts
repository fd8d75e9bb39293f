/** What GitLab answers about commits, branches and merge requests. */
import * as z from "zod";
import { commitId, date, optional } from "./answer.ts";
import type { Branch, Commit, MergeRequest } from "./gitlab.ts";

export const commit = z
  .object({ id: commitId, parent_ids: z.array(commitId), committed_date: date })
  .transform(
    (from): Commit => ({
      id: from.id,
      parents: from.parent_ids,
      committedAt: from.committed_date,
    }),
  );

export const branch = z
  .object({
    name: z.string(),
    commit: z.object({ id: commitId, committed_date: date }),
    protected: z.boolean(),
    default: z.boolean(),
  })
  .transform(
    (from): Branch => ({
      name: from.name,
      commit: from.commit.id,
      committedAt: from.commit.committed_date,
      protected: from.protected,
      default: from.default,
    }),
  );

const diffRefs = z.object({ base_sha: commitId, start_sha: commitId, head_sha: commitId });

export const mergeRequest = z
  .object({
    iid: z.int(),
    state: z.string(),
    source_branch: z.string(),
    source_project_id: optional(z.int()),
    target_branch: z.string(),
    target_project_id: z.int(),
    sha: optional(commitId),
    diff_refs: optional(diffRefs),
    updated_at: date,
  })
  .transform(
    ({ diff_refs: diff, ...from }): MergeRequest => ({
      iid: from.iid,
      state: from.state,
      sourceBranch: from.source_branch,
      sourceProject: from.source_project_id,
      targetBranch: from.target_branch,
      targetProject: from.target_project_id,
      sha: from.sha,
      diff: diff && { base: diff.base_sha, start: diff.start_sha, head: diff.head_sha },
      updatedAt: from.updated_at,
    }),
  );
