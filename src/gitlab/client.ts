/** What berth asks of GitLab, through @gitbeaker/rest: its addresses and pages, with our transport and errors. */
import * as beaker from "@gitbeaker/rest";
import * as z from "zod";
import type { GitLabAccess } from "./access.ts";
import * as answers from "./answers.ts";
import { type Asked, Refused, refused, requester } from "./requester.ts";
import {
  deniedHint,
  type EndpointName,
  type GitLabRefusal,
  isProjectHidden,
  isWrongToken,
  refusalError,
} from "./rights.ts";
import { type GitLabTools, makeSend } from "./send.ts";

/** A project's number, or its full path such as `acme/tools`. */
export type ProjectId = number | string;

/**
 * Answers of GitLab, checked and in berth's words.
 *
 * What is not there is `undefined`. A missing right is a `BerthError` GITLAB_DENIED whose hint says what
 * the token lacks (`unlessDenied` makes it a value), an unexpected answer GITLAB_ANSWER, an outage
 * GITLAB_UNAVAILABLE.
 */
export type GitLab = ReturnType<typeof openGitLab>;

export interface PipelineFilter {
  readonly status?: "running" | "pending" | "created" | "preparing" | "waiting_for_resource";
  readonly source?: "parent_pipeline";
  readonly updatedAfter?: string;
}

const page = { perPage: 100 } as const;

/** Asks, and checks what comes. */
interface Ask {
  /** Any answer, a refusal being one. */
  any(asked: Asked): Promise<unknown>;
  /** One thing; `undefined` where it is not there. */
  one<T>(shape: z.ZodType<T>, asked: Asked): Promise<T | undefined>;
  /** A listing, all pages of it. */
  many<T>(shape: z.ZodType<T>, asked: Asked): Promise<readonly T[]>;
}

/** Opens GitLab's API; nothing is asked before the first question. */
export function openGitLab(access: GitLabAccess, tools: GitLabTools) {
  const send = makeSend(access, tools);
  const any = (asked: Asked): Promise<unknown> => {
    const requesterFn = () => requester(asked, send) as never;
    return asked.call({ host: access.api, queryTimeout: null, requesterFn }).catch(refused);
  };
  const ask: Ask = {
    any,
    async one(shape, asked) {
      const answer = await any(asked);
      if (!(answer instanceof Refused)) return answers.readAnswer(shape, answer, asked.purpose);
      if (isAbsent(answer.refusal)) return undefined;
      throw refusalError(answer.refusal, access);
    },
    async many(shape, asked) {
      const answer = await any(asked);
      if (answer instanceof Refused) throw refusalError(answer.refusal, access);
      return answers.readAnswer(z.array(shape), answer, asked.purpose);
    },
  };
  return { ...settingsOf(ask), ...activityOf(ask), ...registryOf(ask, access) };
}

/** What a project is set to. */
function settingsOf(ask: Ask) {
  return {
    project: (id: ProjectId) =>
      ask.one(
        answers.project,
        about("project", "the settings", id, (options) => new beaker.Projects(options).show(id)),
      ),
    /** Which other projects' job tokens may come in; needs the role Maintainer. */
    async jobTokenAccess(id: ProjectId) {
      const asked = (
        call: (of: InstanceType<typeof beaker.ProjectJobTokenScopes>) => Promise<unknown>,
      ) =>
        about("jobTokenAccess", "the job token allowlist", id, (options) =>
          call(new beaker.ProjectJobTokenScopes(options)),
        );
      const scope = await ask.one(
        answers.jobTokenScope,
        asked((of) => of.show(id)),
      );
      if (scope === undefined) return undefined;
      const groups = asked((of) => of.showGroupsAllowList(id));
      return {
        /** Only the projects and groups below may come in with their job tokens. */
        limited: scope.inbound_enabled,
        projects: await ask.many(
          answers.projectName,
          asked((of) => of.showInboundAllowList(id)),
        ),
        // Before GitLab 17.0 there are no groups in it.
        groups: (await ask.one(z.array(answers.group), groups)) ?? [],
      };
    },
    /** Rules that protect container tags; `undefined` where this GitLab does not tell (before 18.7). */
    tagRules: (project: ProjectId) =>
      ask.one(
        answers.tagRules,
        about("tagRules", "protected container tags", project, async (options) => {
          // gitbeaker does not know these rules.
          const path = `projects/${encodeURIComponent(project)}/registry/protection/tag/rules`;
          return (await new beaker.ContainerRegistry(options).requester.get(path)).body;
        }),
      ),
  };
}

/** What goes on in a project. */
function activityOf(ask: Ask) {
  return {
    /** The jobs of one pipeline. */
    jobs: (project: ProjectId, pipelineId: number) =>
      ask.many(
        answers.job,
        about("jobs", `the jobs of pipeline ${pipelineId}`, project, (options) =>
          new beaker.Jobs(options).all(project, { ...page, pipelineId }),
        ),
      ),
    pipeline: (project: ProjectId, id: number) =>
      ask.one(
        answers.pipeline,
        about("pipeline", `pipeline ${id}`, project, (options) =>
          new beaker.Pipelines(options).show(project, id),
        ),
      ),
    /** The newest first; child pipelines only with `source: "parent_pipeline"`. */
    pipelines: (project: ProjectId, filter: PipelineFilter) =>
      ask.many(
        answers.pipeline,
        about("pipelines", "the pipelines", project, (options) =>
          new beaker.Pipelines(options).all(project, { ...page, ...filter }),
        ),
      ),
    /** Those that are switched on. */
    schedules: (project: ProjectId) =>
      ask.many(
        answers.schedule,
        about("schedules", "the pipeline schedules", project, (options) =>
          new beaker.PipelineSchedules(options).all(project, { ...page, scope: "active" }),
        ),
      ),
    branches: (project: ProjectId) =>
      ask.many(
        answers.branch,
        about("branches", "the branches", project, (options) =>
          new beaker.Branches(options).all(project, page),
        ),
      ),
    openMergeRequests: (projectId: ProjectId) =>
      ask.many(
        answers.mergeRequest,
        about("mergeRequests", "merge requests", projectId, (options) =>
          new beaker.MergeRequests(options).all({ ...page, projectId, state: "opened" }),
        ),
      ),
  };
}

/** A project's container registry. */
function registryOf(ask: Ask, access: GitLabAccess) {
  return {
    repositories: (projectId: ProjectId) =>
      ask.many(
        answers.repository,
        about("repositories", "container repositories", projectId, (options) =>
          new beaker.ContainerRegistry(options).allRepositories({ ...page, projectId }),
        ),
      ),
    tag: (project: ProjectId, repository: number, name: string) =>
      ask.one(
        answers.tag,
        about("tags", `tag ${name} of container repository ${repository}`, project, (options) =>
          new beaker.ContainerRegistry(options).showTag(project, repository, name),
        ),
      ),
    /** Deletes one tag by name; other tags of the same image stay. */
    async deleteTag(project: ProjectId, repository: number, name: string) {
      const answer = await ask.any({
        endpoint: "deleteTag",
        purpose: `delete tag ${name} of container repository ${repository} of project ${project} in GitLab`,
        call: (options) =>
          new beaker.ContainerRegistry(options).removeTag(project, repository, name),
      });
      if (!(answer instanceof Refused)) return { kind: "deleted" } as const;
      return deletionOf(answer.refusal, access);
    },
  };
}

function about(
  endpoint: EndpointName,
  what: string,
  project: ProjectId,
  call: Asked["call"],
): Asked {
  return { endpoint, purpose: `read ${what} of project ${project} from GitLab`, call };
}

/** A project that a given token does not see is not there for it; for other logins it may be hidden. */
function isAbsent(refusal: GitLabRefusal): boolean {
  const isHidden = isProjectHidden(refusal) && refusal.login.kind !== "given";
  return refusal.status === 404 && !isHidden;
}

function deletionOf(refusal: GitLabRefusal, access: GitLabAccess) {
  const { status, said } = refusal;
  if (status === 404 && !isProjectHidden(refusal)) return { kind: "gone" } as const;
  const isAboutTag = status === 400 || status === 403;
  if (!isAboutTag || isWrongToken(refusal)) throw refusalError(refusal, access);
  // A protected tag, or a role that the token lacks: GitLab does not tell these apart.
  const hint = `${deniedHint(refusal, access)}; a rule that protects the tag asks for a higher role`;
  return { kind: "refused", said: `${status} ${said}`.trim(), hint } as const;
}
