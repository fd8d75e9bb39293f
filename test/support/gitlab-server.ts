/**
 * A GitLab on loopback for tests: its API, its token service and its container registry.
 *
 * It imitates what GitLab's source says: REST with rights by role and by job token, pages by number, and
 * `/jwt/auth` with the rules for job tokens. Its registry is held against GitLab's own (test/platform/registry).
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
import type { Api } from "./gitlab-pages.ts";
import { type GitLabRegistry, startGitLabRegistry } from "./gitlab-registry.ts";
import { isProtectedRepository, mayAccess, tokenMeta } from "./gitlab-rights.ts";
import {
  answerTokens,
  gitlabIssuer,
  gitlabService,
  gitlabToken,
  type TokenRules,
} from "./gitlab-tokens.ts";
import { freeAddress, startNginx } from "./nginx.ts";
import { gitlabSigner } from "./tokens.ts";

export interface GitLabOptions {
  /** What holds the images; `memory` where not given, `distribution` for engines, with nginx before everything. */
  readonly registry?: "memory" | "distribution";
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
  /** Repositories that a token to push brought into being. */
  readonly created: ReadonlySet<string>;
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
  const rules = rulesOf(model);
  const created = new Set<string>();
  const log: string[] = [];
  const server = createServer((incoming, response) => {
    void (async () => {
      const gone = new AbortController();
      response.once("close", () => gone.abort());
      const request = await readRequest(incoming);
      log.push(`${request.method} ${decodeURIComponent(incoming.url ?? "")}`);
      if (request.path === "/jwt/auth") {
        const { answer, granted } = answerTokens(rules, request);
        for (const { name, actions } of granted) if (actions.includes("push")) created.add(name);
        return respond(request.method, response, undefined, () => answer);
      }
      const other = await options.also?.(request, gone.signal);
      const real = () => other ?? answerApi(api, request);
      respond(request.method, response, gitlab.fault(request), real);
    })().catch(() => response.destroy());
  });
  const kind = options.registry ?? "memory";
  const inner = await listen(server);
  const outer = kind === "memory" ? inner : await freeAddress();
  const url = `http://${outer}`;
  const realm = `${url}/jwt/auth`;
  const signer = gitlabSigner();
  const authority = { realm, service: gitlabService, issuer: gitlabIssuer, signer };
  const real = await startGitLabRegistry(kind, authority, () => model.now());
  const registry = { ...real, host: kind === "memory" ? real.host : await freeAddress() };
  const sites = [
    { at: outer, behind: inner },
    { at: registry.host, behind: real.host },
  ];
  const nginx = kind === "memory" ? undefined : await startNginx(sites);
  const { isNew = true, hasDatabase = true } = options;
  const repositories: Api["repositories"] = new Map();
  const api: Api = { model, registry, created, url, isNew, hasDatabase, repositories };
  const gitlab: TestGitLab = {
    url,
    model,
    registry,
    created,
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
      await nginx?.stop();
      await stopServer(server);
      await registry.stop();
    },
  };
  return gitlab;
}

/** GitLab's user names say nothing: a token is whose it is. */
function rulesOf(model: Model): TokenRules<Identity> {
  return {
    userOf: (password) =>
      password === undefined ? { kind: "anonymous" } : model.tokens.get(password),
    isProtected: (identity, path) => isProtectedRepository(model, identity, path),
    may: (identity, path, action) => mayAccess(model, identity, path, action),
    metaOf: (identity, path, actions) => tokenMeta(model, identity, path, actions),
    tokenFor: (identity, access) => gitlabToken(gitlabSigner(), nameOf(identity), access),
  };
}

function nameOf(identity: Identity): string {
  if (identity.kind === "anonymous") return "";
  return identity.kind === "job" ? identity.job.user : identity.login;
}
