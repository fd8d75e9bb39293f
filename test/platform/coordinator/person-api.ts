/** What a person's token may do besides asking: make projects and forks, open merge requests, let others in, look at runners, traces and CI files. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { forkOf, type Ground, newProject, openRequest } from "../../lives/actor.ts";
import type { Answer, SeenRequest } from "../../support/faulty-server.ts";
import { projectEntity, requestEntity } from "../../support/gitlab-entities.ts";
import {
  findProject,
  type Role,
  roles,
  type TestProject,
  type TestRequest,
} from "../../support/gitlab-model.ts";
import { failed, json } from "../../support/gitlab-pages.ts";
import { levelOf } from "../../support/gitlab-rights.ts";
import type { Attempt } from "./jobs.ts";
import type { Runners } from "./moving.ts";

export interface Office {
  readonly ground: Ground;
  readonly runners: Runners;
  /** Paths of groups that were asked for; a group's number is its place here, from 1 on. */
  readonly groups: string[];
  /** Jobs that a runner has taken, by their ids. */
  readonly taken: ReadonlyMap<string, Attempt>;
  /** What `ci/lint` says. */
  lint(project: TestProject): Promise<object>;
  /** Called for each merge request that somebody opens. */
  opened(request: TestRequest, login: string): Promise<void>;
}

interface Asked {
  readonly office: Office;
  readonly login: string;
  readonly project: TestProject;
  readonly body: Readonly<Record<string, unknown>>;
  readonly id: string;
}

interface Route {
  readonly method: string;
  /** Below `projects/:id`. */
  readonly path: RegExp;
  readonly role: Role;
  readonly answer: (asked: Asked) => Promise<Answer>;
}

const routes: readonly Route[] = [
  { method: "POST", path: /^fork$/, role: "reporter", answer: fork },
  { method: "POST", path: /^merge_requests$/, role: "developer", answer: open },
  { method: "DELETE", path: /^$/, role: "owner", answer: remove },
  { method: "GET", path: /^runners$/, role: "maintainer", answer: runners },
  {
    method: "GET",
    path: /^ci\/lint$/,
    role: "reporter",
    answer: async ({ office, project }) => json(await office.lint(project)),
  },
  {
    method: "GET",
    path: /^jobs\/(\d+)\/trace$/,
    role: "reporter",
    async answer({ office, project, id }) {
      const attempt = office.taken.get(id);
      if (attempt?.job.pipeline.facts.project !== project) return failed(404);
      return { status: 200, headers: { "content-type": "text/plain" }, body: attempt.trace };
    },
  },
  {
    method: "POST",
    path: /^job_token_scope\/allowlist$/,
    role: "maintainer",
    async answer({ project, body }) {
      project.allowed.add(Number(body["target_project_id"]));
      return { ...json({ source_project_id: project.id, ...body }), status: 201 };
    },
  },
];

/** `undefined` where it is none of these; a job's token counts for nobody here (H1, H3). */
export async function answerPerson(
  office: Office,
  request: SeenRequest,
): Promise<Answer | undefined> {
  const { method } = request;
  const path = request.path.replace(/^\/api\/v4\//, "");
  const [, name = "", rest = ""] = /^projects\/([^/]+)\/?(.*)$/.exec(path) ?? [];
  const route = routes.find((one) => one.method === method && one.path.test(rest));
  const group = method === "GET" ? /^groups\/([^/]+)$/.exec(path)?.[1] : undefined;
  const isNew = method === "POST" && path === "projects";
  if ((name === "" || route === undefined) && group === undefined && !isNew) return undefined;
  const { model } = office.ground.gitlab;
  const identity = model.tokens.get(request.headers["private-token"] ?? "");
  if (identity?.kind !== "user") return failed(401);
  const { login, scopes } = identity;
  if (method !== "GET" && !scopes.includes("api")) return failed(403);
  if (group !== undefined) return groupOf(office, decodeURIComponent(group));
  const body = request.body.length === 0 ? {} : JSON.parse(request.body.toString());
  if (isNew) return make(office, login, body);
  const project = findProject(model, decodeURIComponent(name));
  if (project === undefined || route === undefined) return failed(404, "404 Project Not Found");
  if (levelOf(identity, project) < roles[route.role]) return failed(403);
  const id = route.path.exec(rest)?.[1] ?? "";
  return route.answer({ office, login, project, body, id });
}

function groupOf({ groups }: Office, path: string): Answer {
  if (!groups.includes(path)) groups.push(path);
  return json({ id: groups.indexOf(path) + 1, full_path: path, visibility: "public" });
}

async function make(office: Office, login: string, body: Asked["body"]): Promise<Answer> {
  const group = office.groups[Number(body["namespace_id"]) - 1];
  if (group === undefined) return failed(400, "namespace is not valid");
  const path = `${group}/${body["path"]}`;
  if (findProject(office.ground.gitlab.model, path) !== undefined)
    return failed(400, "path has already been taken");
  const settings = { visibility: body["visibility"] as TestProject["visibility"] };
  const members = { [login]: "owner" as const };
  return made((await newProject(office.ground, path, { ...settings, members })).project);
}

async function fork({ office, login, project, body }: Asked): Promise<Answer> {
  const bare = bareOf(office, project);
  const path = `${body["namespace_path"]}/${body["path"]}`;
  return made((await forkOf(office.ground, { project, bare }, login, path)).project);
}

function made(project: TestProject): Answer {
  return { ...json(projectEntity(project, roles.owner)), status: 201 };
}

async function open({ office, login, project, body }: Asked): Promise<Answer> {
  const { ground, opened } = office;
  const { model } = ground.gitlab;
  const target = model.projects.find(({ id }) => id === body["target_project_id"]) ?? project;
  const from = { project, bare: bareOf(office, project) };
  const to = { project: target, bare: bareOf(office, target) };
  const request = await openRequest(ground, from, String(body["source_branch"]), to);
  await opened(request, login);
  return { ...json(requestEntity(request)), status: 201 };
}

async function remove({ office, project }: Asked): Promise<Answer> {
  const { projects } = office.ground.gitlab.model;
  projects.splice(projects.indexOf(project), 1);
  await rm(bareOf(office, project), { recursive: true });
  return { ...json({ message: "202 Accepted" }), status: 202 };
}

/** All of them serve the instance. */
async function runners({ office }: Asked): Promise<Answer> {
  const all = [...office.runners].map(([description, tags], at) => {
    return { id: at + 1, description, tag_list: tags, runner_type: "instance_type" };
  });
  return json(all.map((one) => ({ ...one, status: "online", paused: false, active: true })));
}

function bareOf({ ground }: Office, { path }: TestProject): string {
  return join(ground.folder, "git", `${path}.git`);
}
