/** Git over HTTP as runners fetch and people push: git's own `http-backend` behind GitLab's rights (gitlab docs: ci/jobs/ci_job_token). */
import { spawn } from "node:child_process";
import { buffer } from "node:stream/consumers";
import type { Answer, SeenRequest } from "../../support/faulty-server.ts";
import {
  findProject,
  type Identity,
  type Model,
  roles,
  type TestProject,
} from "../../support/gitlab-model.ts";
import { levelOf, mayRead } from "../../support/gitlab-rights.ts";
import { program } from "../../support/programs.ts";

const place = /^\/(?<project>.+)\.git\/(?:info\/refs|git-(?:upload|receive)-pack)$/;

export interface Repositories {
  /** Holds the bare repositories `PROJECT.git`. */
  readonly folder: string;
  readonly model: Model;
  /** Called for each branch that a push has moved. */
  pushed(project: TestProject, branch: string, login: string): Promise<void>;
}

/** `undefined` where it is none of git's requests. */
export async function answerGit(
  { folder, model, pushed }: Repositories,
  request: SeenRequest,
): Promise<Answer | undefined> {
  const { method, path, query } = request;
  const name = place.exec(path)?.groups?.["project"];
  if (name === undefined) return undefined;
  const identity = identityOf(model, request);
  const project = findProject(model, name);
  const isPush = [path, query.get("service")].some((text) => text?.endsWith("git-receive-pack"));
  if (identity?.kind === "anonymous" && (isPush || project?.visibility !== "public"))
    return { status: 401, headers: { "www-authenticate": 'Basic realm="GitLab"' } };
  if (identity === undefined || project === undefined || !mayRead(identity, project))
    return { status: 404 };
  if (!isPush) return backend(folder, request, "");
  if (identity.kind !== "user" || levelOf(identity, project) < roles.developer)
    return { status: 403 };
  const before = project.history.heads();
  const answer = await backend(folder, request, identity.login);
  if (method === "POST")
    for (const [branch, sha] of project.history.heads())
      if (before.get(branch) !== sha) await pushed(project, branch, identity.login);
  return answer;
}

function identityOf(model: Model, { headers }: SeenRequest): Identity | undefined {
  const basic = /^Basic (.+)$/.exec(headers["authorization"] ?? "")?.[1];
  if (basic === undefined) return { kind: "anonymous" };
  const [, password = ""] = Buffer.from(basic, "base64").toString().split(":");
  return model.tokens.get(password);
}

/** Runs the program as RFC 3875 (CGI) says, and reads its answer. */
async function backend(folder: string, request: SeenRequest, login: string): Promise<Answer> {
  const { method, path, query, headers, body } = request;
  const child = spawn(program("git"), ["http-backend"], {
    env: {
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "safe.directory",
      GIT_CONFIG_VALUE_0: "*",
      GIT_PROTOCOL: headers["git-protocol"] ?? "",
      ...(login === "" ? {} : { REMOTE_USER: login }),
      REQUEST_METHOD: method,
      PATH_INFO: path,
      QUERY_STRING: String(query),
      CONTENT_TYPE: headers["content-type"] ?? "",
      CONTENT_LENGTH: String(body.length),
      HTTP_CONTENT_ENCODING: headers["content-encoding"] ?? "",
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.on("error", () => undefined).end(body);
  const said = await buffer(child.stdout);
  const end = said.indexOf("\r\n\r\n");
  const lines = said.subarray(0, end).toString().split("\r\n");
  const pairs = lines.map((line) => line.split(/: (.*)/, 2) as [string, string]);
  const { Status: status = "200", ...others } = Object.fromEntries(pairs);
  return { status: Number.parseInt(status, 10), headers: others, body: said.subarray(end + 4) };
}
