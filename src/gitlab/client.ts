/** What berth asks of GitLab, through @gitbeaker/rest: its addresses and pages, with our transport and errors. */
import * as beaker from "@gitbeaker/rest";
import { BerthError } from "../errors.ts";
import * as z from "../zod.ts";
import * as answers from "./answers.ts";
import {
  deniedHint,
  type EndpointName,
  type GitLabAccess,
  type GitLabRefusal,
  isProjectHidden,
  isWrongToken,
  refusalError,
} from "./rights.ts";
import { type Asked, type GitLabTools, makeAsk, Refused } from "./send.ts";

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

/** Opens GitLab's API; nothing is asked before the first question. USAGE where its address is none. */
export function openGitLab(access: GitLabAccess, tools: GitLabTools) {
  if (!/^https?:$/.test(URL.parse(access.api)?.protocol ?? "")) throw noAddress(access.api);
  const ask = makeAsk(access, tools);
  const read = makeRead(access, ask);
  return {
    ...settingsOf(read),
    ...activityOf(read),
    ...registryOf(read),
    /** Deletes one container tag by name; other tags of the same image stay. */
    async deleteTag(project: ProjectId, repository: number, name: string) {
      const answer = await ask({
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

function noAddress(api: string): BerthError {
  return new BerthError("USAGE", `ask GitLab's API at ${api}: not an address`, {
    hint: "write CI_SERVER_URL as https://gitlab.example.com; CI_API_V4_URL is that with /api/v4",
  });
}

type Read = ReturnType<typeof makeRead>;

/** Makes what reads something of a project, and checks what comes. */
function makeRead(access: GitLabAccess, ask: ReturnType<typeof makeAsk>) {
  return (endpoint: EndpointName, what: string, project: ProjectId) => {
    const purpose = `read ${what} of project ${project} from GitLab`;
    return {
      /** One thing; `undefined` where it is not there. */
      async one<T>(shape: z.ZodType<T>, call: Asked["call"]): Promise<T | undefined> {
        const answer = await ask({ endpoint, purpose, call });
        if (!(answer instanceof Refused)) return answers.readAnswer(shape, answer, purpose);
        if (isAbsent(answer.refusal)) return undefined;
        throw refusalError(answer.refusal, access);
      },
      /** A listing, all pages of it. */
      async many<T>(shape: z.ZodType<T>, call: Asked["call"]): Promise<readonly T[]> {
        const answer = await ask({ endpoint, purpose, call });
        if (answer instanceof Refused) throw refusalError(answer.refusal, access);
        return answers.readAnswer(z.array(shape), answer, purpose);
      },
    };
  };
}

/** What a project is set to. */
function settingsOf(read: Read) {
  return {
    project: (id: ProjectId) =>
      read("project", "the settings", id).one(answers.project, (options) =>
        new beaker.Projects(options).show(id),
      ),
    /** Which other projects' job tokens may come in; needs the role Maintainer. */
    async jobTokenAccess(id: ProjectId) {
      const { one, many } = read("jobTokenAccess", "the job token allowlist", id);
      const scope = await one(answers.jobTokenScope, (options) =>
        new beaker.ProjectJobTokenScopes(options).show(id),
      );
      if (scope === undefined) return undefined;
      const projects = await many(answers.projectName, (options) =>
        new beaker.ProjectJobTokenScopes(options).showInboundAllowList(id),
      );
      const groups = await one(z.array(answers.group), (options) =>
        new beaker.ProjectJobTokenScopes(options).showGroupsAllowList(id),
      );
      // `limited`: only these may come in. Before GitLab 17.0 there are no groups in it.
      return { limited: scope.inbound_enabled, projects, groups: groups ?? [] };
    },
    /** Rules that protect container repositories; `undefined` where this GitLab does not tell (before 17.9). */
    pathRules: (id: ProjectId) =>
      read("pathRules", "protected container repositories", id).one(
        answers.pathRules,
        protection(id, "repository"),
      ),
    /** Rules that protect container tags; `undefined` where this GitLab does not tell (before 18.7). */
    tagRules: (id: ProjectId) =>
      read("tagRules", "protected container tags", id).one(answers.tagRules, protection(id, "tag")),
  };
}

/** Asks for the rules of a project's registry, which gitbeaker does not know. */
function protection(id: ProjectId, of: "repository" | "tag"): Asked["call"] {
  const path = `projects/${encodeURIComponent(id)}/registry/protection/${of}/rules`;
  return async (options) => (await new beaker.ContainerRegistry(options).requester.get(path)).body;
}

/** What goes on in a project. */
function activityOf(read: Read) {
  return {
    /** A commit's CI files with all that they include, as one text; `undefined` where GitLab refuses them. */
    mergedYaml: (id: ProjectId, commit: string) =>
      read("lint", `the CI files of ${commit}`, id).one(answers.lint, (options) => {
        // gitbeaker knows the name of this parameter from older GitLab.
        const asked = { dryRun: false, contentRef: commit };
        return new beaker.Lint(options).check(id, asked);
      }),
    jobs: (project: ProjectId, pipelineId: number) =>
      read("jobs", `the jobs of pipeline ${pipelineId}`, project).many(answers.job, (options) =>
        new beaker.Jobs(options).all(project, { ...page, pipelineId }),
      ),
    pipeline: (project: ProjectId, id: number) =>
      read("pipeline", `pipeline ${id}`, project).one(answers.pipeline, (options) =>
        new beaker.Pipelines(options).show(project, id),
      ),
    /** The newest first; child pipelines only with `source: "parent_pipeline"`. */
    pipelines: (project: ProjectId, filter: PipelineFilter) =>
      read("pipelines", "the pipelines", project).many(answers.pipeline, (options) =>
        new beaker.Pipelines(options).all(project, { ...page, ...filter }),
      ),
    /** Those that are switched on. */
    schedules: (project: ProjectId) =>
      read("schedules", "the pipeline schedules", project).many(answers.schedule, (options) =>
        new beaker.PipelineSchedules(options).all(project, { ...page, scope: "active" }),
      ),
    branches: (project: ProjectId) =>
      read("branches", "the branches", project).many(answers.branch, (options) =>
        new beaker.Branches(options).all(project, page),
      ),
    openMergeRequests: (projectId: ProjectId) =>
      read("mergeRequests", "merge requests", projectId).many(answers.mergeRequest, (options) =>
        new beaker.MergeRequests(options).all({ ...page, projectId, state: "opened" }),
      ),
  };
}

/** A project's container registry. */
function registryOf(read: Read) {
  return {
    repositories: (projectId: ProjectId) =>
      read("repositories", "container repositories", projectId).many(
        answers.repository,
        (options) => new beaker.ContainerRegistry(options).allRepositories({ ...page, projectId }),
      ),
    tag: (project: ProjectId, repository: number, name: string) =>
      read("tags", `tag ${name} of container repository ${repository}`, project).one(
        answers.tag,
        (options) => new beaker.ContainerRegistry(options).showTag(project, repository, name),
      ),
  };
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
