/** What berth asks GitLab, as a port; `host/gitlab.ts` is the one adapter (gitlab docs: api/rest). */

/** A project's number, or its full path such as `acme/tools`. */
export type ProjectId = number | string;

/**
 * Answers of GitLab, checked and in berth's words.
 *
 * What is not there is `undefined`. A missing right is a `BerthError` GITLAB_DENIED whose hint says what
 * the token lacks (`unlessDenied` makes it a value), an unexpected answer GITLAB_ANSWER, an outage
 * GITLAB_UNAVAILABLE. Lists are read page by page while they are iterated: read one to its end before
 * deleting from it, since pages by number shift.
 */
export interface GitLab {
  project(project: ProjectId): Promise<Project | undefined>;
  /** Which other projects' job tokens may come in; needs the role Maintainer. */
  jobTokenAccess(project: ProjectId): Promise<JobTokenAccess | undefined>;
  /** The job that this process runs in, as GitLab knows it; `undefined` outside of jobs. */
  currentJob(): Promise<Job | undefined>;
  /** The jobs of one pipeline. */
  jobs(project: ProjectId, pipeline: number): AsyncIterable<Job>;
  pipeline(project: ProjectId, id: number): Promise<Pipeline | undefined>;
  /** The newest first; child pipelines only with `source: "parent_pipeline"`. */
  pipelines(project: ProjectId, filter: PipelineFilter): AsyncIterable<Pipeline>;
  /** Those that are switched on. */
  schedules(project: ProjectId): AsyncIterable<Schedule>;
  /** The newest commit that is in the history of both; `undefined` where they share none. */
  mergeBase(project: ProjectId, one: string, other: string): Promise<string | undefined>;
  /** By its id, a branch or a tag. */
  commit(project: ProjectId, revision: string): Promise<Commit | undefined>;
  /** Commits reachable from a branch, with a commit date since then, the newest first. */
  commits(project: ProjectId, branch: string, since: Date): AsyncIterable<Commit>;
  branches(project: ProjectId): AsyncIterable<Branch>;
  openMergeRequests(project: ProjectId): AsyncIterable<MergeRequest>;
  mergeRequest(project: ProjectId, iid: number): Promise<MergeRequest | undefined>;
  repositories(project: ProjectId): AsyncIterable<ContainerRepository>;
  /** Names of tags; none where the repository is gone. */
  tags(project: ProjectId, repository: number): AsyncIterable<string>;
  tag(project: ProjectId, repository: number, name: string): Promise<ContainerTag | undefined>;
  /** Deletes one tag by name; other tags of the same image stay. */
  deleteTag(project: ProjectId, repository: number, name: string): Promise<Deletion>;
  /** Rules that protect container tags; `undefined` where this GitLab does not tell (before 18.7). */
  tagRules(project: ProjectId): Promise<readonly TagRule[] | undefined>;
}

/** Members that GitLab shows to some only are `undefined` to others. */
export interface Project {
  readonly id: number;
  /** Full path with its capitals; registry paths are lower case. */
  readonly path: string;
  readonly defaultBranch: string | undefined;
  readonly visibility: "public" | "internal" | "private" | undefined;
  readonly forkedFrom: ProjectName | undefined;
  /** Who may use the container registry: `enabled` is everyone who sees the project. */
  readonly registry: "enabled" | "private" | "disabled" | undefined;
  /** Whether merge request pipelines of forks may run here, with this project's token. */
  readonly forkPipelines: boolean | undefined;
  readonly cleanup: CleanupPolicy | undefined;
}

export interface ProjectName {
  readonly id: number;
  readonly path: string;
}

/** GitLab's own cleanup policy for container tags; patterns match whole names (RE2). */
export interface CleanupPolicy {
  readonly enabled: boolean;
  readonly keepNewest: number | undefined;
  /** Such as `90d`. */
  readonly olderThan: string | undefined;
  readonly deletes: string | undefined;
  readonly keeps: string | undefined;
}

export interface JobTokenAccess {
  /** Only the projects and groups below may come in with their job tokens. */
  readonly limited: boolean;
  readonly projects: readonly ProjectName[];
  readonly groups: readonly ProjectName[];
}

export interface Pipeline {
  readonly id: number;
  /** Where it runs: for a merge request of a fork, the fork or upstream. */
  readonly project: number;
  readonly sha: string;
  /** A branch, a tag, or `refs/merge-requests/<iid>/{head,merge,train}`. */
  readonly ref: string;
  readonly status: string;
  /** `push`, `schedule`, `merge_request_event`, `parent_pipeline`, ...; older servers do not tell. */
  readonly source: string | undefined;
  readonly createdAt: Date | undefined;
  readonly updatedAt: Date | undefined;
}

export interface Schedule {
  readonly id: number;
  /** A branch or a tag. */
  readonly ref: string;
}

export interface PipelineFilter {
  readonly status?: "running" | "pending" | "created" | "preparing" | "waiting_for_resource";
  readonly sha?: string;
  readonly ref?: string;
  readonly source?: string;
  readonly updatedAfter?: Date;
}

export interface Job {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly ref: string;
  /** Whether `ref` is a git tag. */
  readonly tag: boolean;
  readonly commit: string | undefined;
  /** Login name of who started it. */
  readonly user: string | undefined;
  readonly pipeline: Pipeline;
  readonly finishedAt: Date | undefined;
}

export interface Commit {
  readonly id: string;
  readonly parents: readonly string[];
  readonly committedAt: Date;
}

export interface Branch {
  readonly name: string;
  readonly commit: string;
  readonly committedAt: Date;
  readonly protected: boolean;
  readonly default: boolean;
}

export interface MergeRequest {
  readonly iid: number;
  readonly state: string;
  readonly sourceBranch: string;
  /** `undefined` where the fork is gone. */
  readonly sourceProject: number | undefined;
  readonly targetBranch: string;
  readonly targetProject: number;
  /** Head of the source branch. */
  readonly sha: string | undefined;
  /** Only `mergeRequest` tells. */
  readonly diff:
    | { readonly base: string; readonly start: string; readonly head: string }
    | undefined;
  readonly updatedAt: Date;
}

export interface ContainerRepository {
  readonly id: number;
  /** Full path below the registry's host, lower case. */
  readonly path: string;
  /** `host/path`. */
  readonly location: string;
  readonly createdAt: Date;
  /** Such as `delete_scheduled`; `undefined` is the usual state. */
  readonly status: string | undefined;
  readonly tagsCount: number | undefined;
}

export interface ContainerTag {
  readonly name: string;
  readonly digest: string | undefined;
  /** When it was tagged; with a registry that has no metadata database, when the image was built. */
  readonly createdAt: Date | undefined;
  readonly totalSize: number | undefined;
}

export type Deletion =
  | { readonly kind: "deleted" }
  /** It was not there any more. */
  | { readonly kind: "gone" }
  /** Protected, or the token lacks a role: GitLab does not tell these apart. */
  | { readonly kind: "refused"; readonly said: string; readonly hint: string };

/** A rule that protects container tags; roles are `maintainer`, `owner` or `admin`. */
export interface TagRule {
  readonly id: number;
  readonly pattern: string;
  readonly push: string | undefined;
  readonly delete: string | undefined;
}
