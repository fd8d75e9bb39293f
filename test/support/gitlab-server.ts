/**
 * A GitLab on loopback for tests: its API, its token service and its container registry.
 *
 * It imitates what GitLab's documentation says, and nothing was compared with a real server: REST with
 * rights by role and by job token, pages by number and keyset, `/jwt/auth` with the rules for job tokens
 * (scopes silently dropped, 403 for protected repositories), and a registry that deletes tags by name.
 */
import { createServer } from "node:http";
import {
  type Answer,
  type Fault,
  listen,
  readRequest,
  respond,
  type SeenRequest,
  stopServer,
} from "./faulty-server.ts";
import { answerApi } from "./gitlab-api.ts";
import type { Api } from "./gitlab-asked.ts";
import type { History, MemoryHistory } from "./gitlab-history.ts";
import { addJob, type JobOptions, type TestJob } from "./gitlab-jobs.ts";
import {
  addProject,
  type Identity,
  type Model,
  makeModel,
  newToken,
  type ProjectSettings,
  type TestProject,
  type TestRequest,
} from "./gitlab-model.ts";
import { type GitLabRegistry, startGitLabRegistry } from "./gitlab-registry.ts";
import { deniedTags, isProtectedRepository, mayAccess } from "./gitlab-rights.ts";
import { startTokenService, type TokenService } from "./token-service.ts";

export interface GitLabOptions {
  /** What holds the images; `memory` where not given, `docker` for engines and real token checks. */
  readonly registry?: "memory" | "docker";
  /** Whether job tokens may read pipelines, as on GitLab 19; true where not given. */
  readonly isNew?: boolean;
  /** Whether the registry has a metadata database, as GitLab.com has; true where not given. */
  readonly hasDatabase?: boolean;
  /**
   * Answers what is neither the API's nor the token service's; `undefined` where that is not its matter either.
   * `gone` is raised when the one who asks has gone away.
   */
  readonly also?: (request: SeenRequest, gone: AbortSignal) => Promise<Answer | undefined>;
}

export interface TestGitLab {
  /** `CI_SERVER_URL`. */
  readonly url: string;
  readonly model: Model;
  readonly registry: GitLabRegistry;
  readonly tokens: TokenService;
  /** Method and path with query of every request to the API and to the token service. */
  readonly log: string[];
  /** What is done instead of answering a request to the API; nothing where it gives `undefined`. */
  fault: (request: SeenRequest) => Fault | undefined;
  /** With a history in memory where none is given. */
  project<H extends History = MemoryHistory>(
    path: string,
    settings?: ProjectSettings<H>,
  ): TestProject<H>;
  /** A fork with its own members, whose history begins as its parent's. */
  fork<H extends History = MemoryHistory>(
    of: TestProject,
    path: string,
    settings?: ProjectSettings<H>,
  ): TestProject<H>;
  request(
    source: TestProject,
    sourceBranch: string,
    target: TestProject,
    targetBranch?: string,
  ): TestRequest;
  /** A job under way, in a pipeline of its own where none is given. */
  job(project: TestProject, options?: JobOptions): TestJob;
  /** An access token of a user, such as `token("jane", "read_api")`. */
  token(login: string, ...scopes: readonly string[]): string;
  stop(): Promise<void>;
}

export async function startGitLab(options: GitLabOptions = {}): Promise<TestGitLab> {
  const model = makeModel();
  const users: Record<string, string> = {};
  const identityOf = (user: string | undefined): Identity =>
    model.tokens.get(user ?? "") ?? { kind: "anonymous" };
  const tokens = await startTokenService({
    users,
    may: (user, path, action) => mayAccess(model, identityOf(user), path, action),
    rulesFor: (user, path) => deniedTags(model, identityOf(user), path),
  });
  const realm = () => `${url}/jwt/auth`;
  const registry = await startGitLabRegistry(options.registry ?? "memory", model, tokens, realm);
  const log: string[] = [];
  const server = createServer((incoming, response) => {
    void (async () => {
      const gone = new AbortController();
      response.once("close", () => gone.abort());
      const request = await readRequest(incoming);
      log.push(`${request.method} ${decodeURIComponent(incoming.url ?? "")}`);
      if (request.path === "/jwt/auth") {
        const answer = await answerToken(model, tokens, users, request);
        return respond(request.method, response, undefined, () => answer);
      }
      const other = await options.also?.(request, gone.signal);
      const real = () => other ?? answerApi(api, request);
      respond(request.method, response, gitlab.fault(request), real);
    })().catch(() => response.destroy());
  });
  const url = `http://${await listen(server)}`;
  const { isNew = true, hasDatabase = true } = options;
  const created = tokens.created;
  const repositories: Api["repositories"] = new Map();
  const api: Api = { model, registry, created, url, isNew, hasDatabase, repositories };
  const gitlab: TestGitLab = {
    url,
    model,
    registry,
    tokens,
    log,
    fault: () => undefined,
    project: <H extends History>(path: string, settings: ProjectSettings<H> = {}) =>
      addProject(model, path, settings) as TestProject<H>,
    fork: <H extends History>(of: TestProject, path: string, settings: ProjectSettings<H> = {}) =>
      addProject(model, path, settings, of) as TestProject<H>,
    request: (source, sourceBranch, target, targetBranch = target.defaultBranch) => {
      const iid = target.requests.length + 1;
      const id = model.next("request");
      const state = "opened" as const;
      const made: TestRequest = { id, iid, source, sourceBranch, target, targetBranch, state };
      target.requests.push(made);
      return made;
    },
    job: (project, jobOptions = {}) =>
      addJob(model, { url, registry: registry.host }, project, jobOptions),
    token: (login, ...scopes) => {
      const token = newToken("glpat");
      model.tokens.set(token, { kind: "user", login, scopes });
      return token;
    },
    async stop() {
      await stopServer(server);
      await registry.stop();
      await tokens.stop();
    },
  };
  return gitlab;
}

/**
 * Asks the token service in the name of a token: GitLab's user names say nothing, so every token is a
 * user of its own there, with itself as password.
 */
async function answerToken(
  model: Model,
  tokens: TokenService,
  users: Record<string, string>,
  { method, query, headers, body }: SeenRequest,
): Promise<Answer> {
  const basic = /^Basic (.+)$/.exec(headers["authorization"] ?? "")?.[1];
  const password = Buffer.from(basic ?? "", "base64")
    .toString()
    .replace(/^[^:]*:/, "");
  const identity = model.tokens.get(password);
  if (identity === undefined) delete users[password];
  else users[password] = password;
  const scopes = query.getAll("scope").flatMap((scope) => scope.split(" "));
  const isForbidden = scopes.some((scope) => {
    const [, name = "", actions = ""] = scope.split(":");
    const asks = actions.split(",").includes("push") && identity !== undefined;
    return asks && isProtectedRepository(model, identity, name);
  });
  if (isForbidden) {
    const error = { code: "DENIED", message: "Pushing to protected repository path forbidden" };
    return { status: 403, body: JSON.stringify({ errors: [error] }) };
  }
  const login = Buffer.from(`${password}:${password}`).toString("base64");
  const type = headers["content-type"];
  const answer = await fetch(`${tokens.realm}?${query}`, {
    method,
    headers: {
      ...(basic === undefined ? {} : { authorization: `Basic ${login}` }),
      ...(type === undefined ? {} : { "content-type": type }),
    },
    ...(method === "POST" ? { body: new Uint8Array(body) } : {}),
  });
  const text = await answer.text();
  return { status: answer.status, headers: { "content-type": "application/json" }, body: text };
}
