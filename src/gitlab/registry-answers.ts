/** What GitLab answers about container repositories, tags and the rules for them. */
import * as z from "zod";
import { date, optional, text } from "./answer.ts";
import type { ContainerRepository, ContainerTag, TagRule } from "./gitlab.ts";

export const repository = z
  .object({
    id: z.int(),
    path: z.string(),
    location: z.string(),
    created_at: date,
    status: text,
    tags_count: optional(z.int()),
  })
  .transform(
    (from): ContainerRepository => ({
      id: from.id,
      path: from.path,
      location: from.location,
      createdAt: from.created_at,
      status: from.status,
      tagsCount: from.tags_count,
    }),
  );

export const tagName = z.object({ name: z.string() }).transform(({ name }) => name);

export const tag = z
  .object({
    name: z.string(),
    digest: text,
    created_at: optional(date),
    total_size: optional(z.number()),
  })
  .transform(
    (from): ContainerTag => ({
      name: from.name,
      digest: from.digest,
      createdAt: from.created_at,
      totalSize: from.total_size,
    }),
  );

const tagRule = z
  .object({
    id: z.int(),
    tag_name_pattern: z.string(),
    minimum_access_level_for_push: text,
    minimum_access_level_for_delete: text,
  })
  .transform(
    (from): TagRule => ({
      id: from.id,
      pattern: from.tag_name_pattern,
      push: from.minimum_access_level_for_push,
      delete: from.minimum_access_level_for_delete,
    }),
  );

export const tagRules = z.array(tagRule).readonly();
