/** What GitLab answers, as far as berth reads it: the schemas are the types. */
import { BerthError } from "../errors.ts";
import * as z from "../zod.ts";

/** A member that may be null or not there, which say the same; what GitLab shows to some only is so to others. */
const optional = <T extends z.ZodType>(type: T) =>
  z.mapped(z.nullish(type), (value) => value ?? undefined);
const text = optional(z.string());
const date = z
  .mapped(z.string(), (value) => new Date(value))
  .check(z.refine((value) => !Number.isNaN(value.getTime())));
const commitId = z.string().check(z.regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/));

type Members = Readonly<Record<string, z.ZodType | readonly [theirs: string, z.ZodType]>>;
type TypeOf<Member> = Member extends readonly [string, infer Type] ? Type : Member;

/** An object whose members have our names; where GitLab's are others, they stand before the type. */
function named<Given extends Members>(members: Given) {
  const all = Object.entries(members).map(([ours, member]) => {
    const [theirs, type] = "length" in member ? member : [ours, member];
    return { ours, theirs, type };
  });
  const shape = Object.fromEntries(all.map(({ theirs, type }) => [theirs, type]));
  return z.mapped(z.object(shape), (from) => {
    const made = Object.fromEntries(all.map(({ ours, theirs }) => [ours, from[theirs]]));
    return made as { readonly [Name in keyof Given]: z.output<TypeOf<Given[Name]>> };
  });
}

/** By the full path with its capitals; registry paths are lower case. */
export const projectName = named({ id: z.int(), path: ["path_with_namespace", z.string()] });

// Groups have `full_path` in some versions and `path` alone in others.
export const group = z.mapped(
  z.object({ id: z.int(), full_path: text, name: text }),
  ({ id, full_path: path, name }) => ({ id, path: path ?? name ?? "" }),
);

/** GitLab's own cleanup policy for container tags; patterns match whole names (RE2). */
const cleanup = z.mapped(
  named({
    enabled: z.boolean(),
    keepNewest: ["keep_n", optional(z.int())],
    olderThan: ["older_than", text],
    deletes: ["name_regex_delete", text],
    older: ["name_regex", text],
    keeps: ["name_regex_keep", text],
  }),
  ({ older, ...from }) => ({ ...from, deletes: from.deletes ?? older }),
);

export const project = z.mapped(
  named({
    id: z.int(),
    path: ["path_with_namespace", z.string()],
    defaultBranch: ["default_branch", text],
    visibility: optional(z.enum(["public", "internal", "private"])),
    forkedFrom: ["forked_from_project", optional(projectName)],
    /** Who may use the container registry: `enabled` is everyone who sees the project. */
    registry: [
      "container_registry_access_level",
      optional(z.enum(["enabled", "private", "disabled"])),
    ],
    hasRegistry: ["container_registry_enabled", optional(z.boolean())],
    /** Whether merge request pipelines of forks may run here, with this project's token. */
    forkPipelines: ["ci_allow_fork_pipelines_to_run_in_parent_project", optional(z.boolean())],
    cleanup: ["container_expiration_policy", optional(cleanup)],
  }),
  ({ hasRegistry, ...from }) => ({
    ...from,
    registry: from.registry ?? (hasRegistry === false ? ("disabled" as const) : undefined),
  }),
);

export const jobTokenScope = z.object({ inbound_enabled: z.boolean() });

/** The CI files of a commit, joined; none where GitLab refuses them. */
export const lint = z.mapped(z.object({ merged_yaml: text }), ({ merged_yaml: merged }) => merged);

export const job = z.object({ name: z.string(), status: z.string() });

export const pipeline = named({
  id: z.int(),
  sha: commitId,
  status: z.string(),
  createdAt: ["created_at", optional(date)],
});

/** `ref` is a branch or a tag. */
export const schedule = z.mapped(z.object({ ref: z.string() }), ({ ref }) => ({
  ref: ref.replace(/^refs\/(?:heads|tags)\//, ""),
}));

export const branch = z.mapped(
  z.object({ name: z.string(), commit: z.object({ id: commitId }) }),
  ({ name, commit }) => ({ name, commit: commit.id }),
);

/** `sha` is the head of its source branch, whose project is null where that is gone. */
export const mergeRequest = z.mapped(
  z.object({
    iid: z.int(),
    sha: optional(commitId),
    source_project_id: optional(z.int()),
    target_project_id: z.int(),
  }),
  ({ iid, sha, source_project_id: source, target_project_id: target }) => ({
    iid,
    sha,
    isFork: source !== target,
  }),
);

/** `path` is below the registry's host; `status` such as `delete_scheduled`, and none in the usual state. */
export const repository = z.object({ id: z.int(), path: z.string(), status: text });

/** When it was tagged; with a registry that has no metadata database, when the image was built. */
export const tag = named({
  name: z.string(),
  digest: text,
  createdAt: ["created_at", optional(date)],
});

/** A rule that protects container tags; roles are `maintainer`, `owner` or `admin`. */
const tagRule = named({
  id: z.int(),
  pattern: ["tag_name_pattern", z.string()],
  push: ["minimum_access_level_for_push", text],
  delete: ["minimum_access_level_for_delete", text],
});

export const tagRules = z.readonly(z.array(tagRule));

/** A rule that protects container repositories: a path of which `*` stands for any part, and who may push. */
const pathRule = named({
  pattern: ["repository_path_pattern", z.string()],
  push: ["minimum_access_level_for_push", text],
});

export const pathRules = z.readonly(z.array(pathRule));

export type ProjectSettings = z.output<typeof project>;
export type CleanupPolicy = z.output<typeof cleanup>;
export type PathRule = z.output<typeof pathRule>;
export type TagRule = z.output<typeof tagRule>;

/** Checks one answer, `undefined` being no JSON; the error names the member that is wrong and never its value. */
export function readAnswer<T>(shape: z.ZodType<T>, answer: unknown, purpose: string): T {
  if (answer === undefined) throw answerError(`${purpose}: GitLab's answer is not JSON`);
  const result = shape.safeParse(answer);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue?.path.length ? issue.path.join(".") : "the whole";
  throw answerError(`${purpose}: in GitLab's answer ${where} is not what it should be`);
}

export function answerError(message: string): BerthError {
  return new BerthError("GITLAB_ANSWER", message, { hint: answerHint });
}

export const answerHint =
  "check CI_API_V4_URL, and whether a proxy or a login page stands before GitLab";
