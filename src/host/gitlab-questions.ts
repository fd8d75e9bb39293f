/** What is asked of GitLab about a project, its pipelines and its history. */
import type { Access } from "../gitlab/access.ts";
import type { GitLab, JobTokenAccess } from "../gitlab/gitlab.ts";
import type { Asked, Asker } from "./gitlab-ask.ts";
import { about, all, many, one } from "./gitlab-read.ts";

export function projectQuestions(asker: Asker): Pick<GitLab, "project" | "jobTokenAccess"> {
  return {
    project: (id) =>
      one(
        asker,
        about("project", "the settings", id, ({ Projects }, options) =>
          new Projects(options).show(id),
        ),
        (known) => known.project,
      ),
    async jobTokenAccess(id): Promise<JobTokenAccess | undefined> {
      const ask = (call: Asked["call"]) =>
        about("jobTokenAccess", "the job token allowlist", id, call);
      const scope = ask(({ ProjectJobTokenScopes }, options) =>
        new ProjectJobTokenScopes(options).show(id),
      );
      const read = await one(asker, scope, (known) => known.jobTokenScope);
      if (read === undefined) return undefined;
      const projects = ask(({ ProjectJobTokenScopes }, options, query) =>
        new ProjectJobTokenScopes(options).showInboundAllowList(id, query),
      );
      const groups = ask(({ ProjectJobTokenScopes }, options, query) =>
        new ProjectJobTokenScopes(options).showGroupsAllowList(id, query),
      );
      return {
        limited: read.inbound_enabled,
        projects: await all(many(asker, projects, (known) => known.projectName)),
        // Before GitLab 17.0 there are no groups in it.
        groups: await all(many(asker, groups, (known) => known.group, { mayBeGone: true })),
      };
    },
  };
}

export function pipelineQuestions(
  asker: Asker,
  access: Access,
): Pick<GitLab, "currentJob" | "jobs" | "pipeline" | "pipelines" | "schedules"> {
  return {
    async currentJob() {
      if (access.jobToken === undefined) return undefined;
      // gitbeaker looks for the job token where it does not put it, so this one goes by its address.
      const call: Asked["call"] = async ({ Jobs }, options) =>
        (await new Jobs(options).requester.get("job")).body;
      const purpose = "read the current job from GitLab";
      return one(asker, { endpoint: "currentJob", purpose, call }, (known) => known.job);
    },
    jobs: (project, pipelineId) =>
      many(
        asker,
        about("jobs", `the jobs of pipeline ${pipelineId}`, project, ({ Jobs }, options, query) =>
          new Jobs(options).all(project, { ...query, pipelineId }),
        ),
        (known) => known.job,
      ),
    pipeline: (project, id) =>
      one(
        asker,
        about("pipeline", `pipeline ${id}`, project, ({ Pipelines }, options) =>
          new Pipelines(options).show(project, id),
        ),
        (known) => known.pipeline,
      ),
    schedules: (project) =>
      many(
        asker,
        about(
          "schedules",
          "the pipeline schedules",
          project,
          ({ PipelineSchedules }, options, query) =>
            new PipelineSchedules(options).all(project, { ...query, scope: "active" }),
        ),
        (known) => known.schedule,
      ),
    pipelines: (project, { updatedAfter, ...filter }) =>
      many(
        asker,
        about("pipelines", "the pipelines", project, ({ Pipelines }, options, query) =>
          new Pipelines(options).all(project, query),
        ),
        (known) => known.pipeline,
        { query: { ...filter, updatedAfter: updatedAfter?.toISOString() } },
      ),
  };
}

export function historyQuestions(
  asker: Asker,
): Pick<
  GitLab,
  "mergeBase" | "commit" | "commits" | "branches" | "openMergeRequests" | "mergeRequest"
> {
  return {
    async mergeBase(project, ...refs) {
      const ask: Asked["call"] = ({ Repositories }, options) =>
        new Repositories(options).mergeBase(project, refs);
      const what = `the common history of ${refs.join(" and ")}`;
      const found = await one(asker, about("mergeBase", what, project, ask), (of) => of.commit);
      return found?.id;
    },
    commit: (project, revision) =>
      one(
        asker,
        about("commit", `commit ${revision}`, project, ({ Commits }, options) =>
          new Commits(options).show(project, revision),
        ),
        (known) => known.commit,
      ),
    commits: (project, branch, since) =>
      many(
        asker,
        about("commits", `the commits on ${branch}`, project, ({ Commits }, options, query) =>
          new Commits(options).all(project, query),
        ),
        (known) => known.commit,
        { query: { refName: branch, since: since.toISOString() } },
      ),
    branches: (project) =>
      many(
        asker,
        about("branches", "the branches", project, ({ Branches }, options, query) =>
          new Branches(options).all(project, query),
        ),
        (known) => known.branch,
      ),
    openMergeRequests: (project) =>
      many(
        asker,
        about("mergeRequests", "merge requests", project, ({ MergeRequests }, options, query) =>
          new MergeRequests(options).all({ ...query, projectId: project }),
        ),
        (known) => known.mergeRequest,
        { query: { state: "opened" } },
      ),
    mergeRequest: (project, iid) =>
      one(
        asker,
        about("mergeRequests", `merge request ${iid}`, project, ({ MergeRequests }, options) =>
          new MergeRequests(options).show(project, iid),
        ),
        (known) => known.mergeRequest,
      ),
  };
}
