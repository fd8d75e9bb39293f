/** The endpoints of `/api/v4` that berth asks, with the rights that GitLab documents for each. */
import type { Answer, SeenRequest } from "./faulty-server.ts";
import { deleteTag, repositories, tagDetail } from "./gitlab-api-registry.ts";
import * as entity from "./gitlab-entities.ts";
import { findProject, type Identity, type Model, roles, type TestProject } from "./gitlab-model.ts";
import { type Api, type Asked, failed, json, listed } from "./gitlab-pages.ts";
import { isOwnJob, letsIn, levelOf, mayPull, mayPush, mayRead, maySee } from "./gitlab-rights.ts";

interface Route {
  readonly method: "GET" | "DELETE";
  /** Below `projects/:id`. */
  readonly path: RegExp;
  /** What a job token may: nothing (it is ignored), ask its own project, any, or any on new servers. */
  readonly jobToken: "ignored" | "own" | "any" | "newer";
  readonly may: (identity: Identity, project: TestProject) => boolean;
  readonly answer: (asked: Asked) => Answer;
}

const atLeast = (role: keyof typeof roles) => (identity: Identity, project: TestProject) =>
  levelOf(identity, project) >= roles[role];

const routes: readonly Route[] = [
  get(/^$/, "ignored", maySee, ({ project, identity }) =>
    json(entity.projectEntity(project, levelOf(identity, project))),
  ),
  get(/^job_token_scope$/, "ignored", atLeast("maintainer"), ({ project }) =>
    json({ inbound_enabled: project.limitsJobTokens, outbound_enabled: false }),
  ),
  get(/^job_token_scope\/allowlist$/, "ignored", atLeast("maintainer"), (asked) =>
    listed(
      asked.request,
      asked.api.url,
      [asked.project, ...allowedBy(asked)].map(entity.projectName),
    ),
  ),
  get(/^job_token_scope\/groups_allowlist$/, "ignored", atLeast("maintainer"), (asked) =>
    listed(asked.request, asked.api.url, []),
  ),
  get(/^pipelines\/(\d+)\/jobs$/, "newer", mayRead, ({ api, project, request, parts: [id] }) => {
    const all = api.model.jobs.filter(({ pipeline }) => String(pipeline.id) === id);
    const own = all.filter(({ pipeline }) => pipeline.project === project);
    return listed(request, api.url, own.map(entity.jobEntity).reverse());
  }),
  get(/^pipelines\/(\d+)$/, "newer", mayRead, ({ api, project, parts: [id] }) => {
    const found = api.model.pipelines.find((one) => String(one.id) === id);
    return found?.project === project ? json(entity.pipelineEntity(found)) : failed(404);
  }),
  get(/^pipelines$/, "newer", mayRead, pipelines),
  get(/^pipeline_schedules$/, "ignored", atLeast("reporter"), ({ api, project, request }) => {
    const all = project.schedules.map((ref, at) => ({ id: at + 1, ref: `refs/heads/${ref}` }));
    return listed(request, api.url, request.query.get("scope") === "active" ? all : []);
  }),
  get(/^repository\/branches$/, "any", mayRead, ({ api, project, request }) => {
    const heads = [...project.history.heads()].sort(([a], [b]) => (a < b ? -1 : 1));
    return listed(
      request,
      api.url,
      heads.map(([name, id]) => entity.branchEntity(name, id)),
    );
  }),
  get(/^merge_requests$/, "any", mayRead, ({ api, project, request }) => {
    const state = request.query.get("state") ?? "all";
    const chosen = project.requests.filter((one) => state === "all" || one.state === state);
    return listed(request, api.url, chosen.map(entity.requestEntity));
  }),
  get(/^registry\/protection\/repository\/rules$/, "ignored", atLeast("maintainer"), (asked) =>
    json(asked.project.repositoryRules.map(entity.pathRuleEntity)),
  ),
  get(/^registry\/protection\/tag\/rules$/, "ignored", atLeast("maintainer"), (asked) => {
    if (!asked.api.hasDatabase) return failed(404);
    return json(asked.project.tagRules.map(entity.tagRuleEntity));
  }),
  get(/^registry\/repositories$/, "own", mayPull, repositories),
  get(/^registry\/repositories\/(\d+)\/tags\/([^/]+)$/, "own", mayPull, tagDetail),
  {
    method: "DELETE",
    path: /^registry\/repositories\/(\d+)\/tags\/([^/]+)$/,
    jobToken: "own",
    may: mayPush,
    answer: deleteTag,
  },
];

function get(
  path: RegExp,
  jobToken: Route["jobToken"],
  may: Route["may"],
  answer: Route["answer"],
): Route {
  return { method: "GET", path, jobToken, may, answer };
}

/** Answers one request to the API. */
export function answerApi(api: Api, request: SeenRequest): Answer {
  const path = request.path.replace(/^\/api\/v4\//, "");
  const known = identify(api.model, request);
  if (known === undefined) return failed(401);
  const [, id = "", rest = ""] = /^projects\/([^/]+)\/?(.*)$/.exec(path) ?? [];
  const route = routes.find((one) => one.method === request.method && one.path.test(rest));
  if (id === "" || route === undefined) return failed(404);
  const isIgnored = route.jobToken === "ignored" || (route.jobToken === "newer" && !api.isNew);
  const identity: Identity = known.kind === "job" && isIgnored ? { kind: "anonymous" } : known;
  const project = findProject(api.model, decodeURIComponent(id));
  const isForeign =
    project !== undefined &&
    identity.kind === "job" &&
    (route.jobToken === "own" ? !isOwnJob(identity, project) : !mayComeIn(identity, project));
  if (project === undefined || isForeign || !maySee(identity, project))
    return failed(404, "404 Project Not Found");
  if (request.method !== "GET" && identity.kind === "user" && !identity.scopes.includes("api"))
    return insufficientScope("api");
  if (!route.may(identity, project)) return failed(identity.kind === "anonymous" ? 401 : 403);
  const parts = (route.path.exec(rest) ?? []).slice(1).map(decodeURIComponent);
  return route.answer({ api, request, identity, project, parts });
}

function mayComeIn(identity: Identity, project: TestProject): boolean {
  return project.visibility === "public" || letsIn(identity, project);
}

/** Who asks; `undefined` for a token that is unknown or whose job has ended. */
function identify(model: Model, { headers }: SeenRequest): Identity | undefined {
  const job = headers["job-token"];
  const given =
    headers["private-token"] ?? /^Bearer (.+)$/.exec(headers["authorization"] ?? "")?.[1];
  if (job === undefined && given === undefined) return { kind: "anonymous" };
  const identity = model.tokens.get(given ?? job ?? "");
  return identity?.kind === (given === undefined ? "job" : "user") ? identity : undefined;
}

function insufficientScope(scope: string): Answer {
  const description = "The request requires higher privileges than provided by the access token.";
  const body = { error: "insufficient_scope", error_description: description, scope };
  return { ...json(body), status: 403 };
}

function allowedBy({ api, project }: Asked): readonly TestProject[] {
  return api.model.projects.filter(({ id }) => project.allowed.has(id));
}

/** The newest first; child pipelines only for who asks for that source. */
function pipelines({ api, project, request }: Asked): Answer {
  const { query } = request;
  const own = api.model.pipelines.filter((one) => one.project === project);
  const source = query.get("source");
  const after = new Date(query.get("updated_after") ?? 0);
  const chosen = own.filter(
    (one) =>
      (["status", "sha", "ref"] as const).every(
        (key) => one[key] === (query.get(key) ?? one[key]),
      ) &&
      (source === null ? one.source !== "parent_pipeline" : one.source === source) &&
      one.createdAt >= after,
  );
  return listed(request, api.url, chosen.map(entity.pipelineEntity).reverse());
}
