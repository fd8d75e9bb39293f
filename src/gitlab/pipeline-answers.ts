/** What GitLab answers about pipelines and jobs. */
import * as z from "zod";
import { commitId, date, optional, text } from "./answer.ts";
import type { Job, Pipeline, Schedule } from "./gitlab.ts";

export const pipeline = z
  .object({
    id: z.int(),
    project_id: z.int(),
    sha: commitId,
    ref: z.string(),
    status: z.string(),
    source: text,
    created_at: optional(date),
    updated_at: optional(date),
  })
  .transform(
    (from): Pipeline => ({
      id: from.id,
      project: from.project_id,
      sha: from.sha,
      ref: from.ref,
      status: from.status,
      source: from.source,
      createdAt: from.created_at,
      updatedAt: from.updated_at,
    }),
  );

export const schedule = z
  .object({ id: z.int(), ref: z.string() })
  .transform(({ id, ref }): Schedule => ({ id, ref: ref.replace(/^refs\/(?:heads|tags)\//, "") }));

export const job = z
  .object({
    id: z.int(),
    name: z.string(),
    status: z.string(),
    ref: z.string(),
    tag: z.boolean(),
    commit: optional(z.object({ id: commitId })),
    user: optional(z.object({ username: z.string() })),
    pipeline,
    finished_at: optional(date),
  })
  .transform(
    (from): Job => ({
      id: from.id,
      name: from.name,
      status: from.status,
      ref: from.ref,
      tag: from.tag,
      commit: from.commit?.id,
      user: from.user?.username,
      pipeline: from.pipeline,
      finishedAt: from.finished_at,
    }),
  );
