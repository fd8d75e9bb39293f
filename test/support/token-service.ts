/** A token service as GitLab's `/jwt/auth` behaves, and what a registry needs to believe its tokens. */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { testKeys } from "./certificates.ts";
import {
  type Answer,
  type Fault,
  listen,
  readRequest,
  respond,
  type SeenRequest,
} from "./faulty-server.ts";
import {
  answerTokens,
  gitlabIssuer as issuer,
  gitlabService as service,
  type TokenRules,
} from "./gitlab-tokens.ts";
import { type Authority, refuse, stopServer } from "./memory-registry.ts";
import { type Access, accessOf, certifiedSigner, challengeFor, sign } from "./tokens.ts";

export interface Asked {
  /** `undefined` without a login. */
  readonly user: string | undefined;
  /** As `path:actions`, in the order in which they were asked for. */
  readonly scopes: readonly string[];
  readonly status: number;
  /** The length of the request's address. */
  readonly length: number;
}

export interface TokenServiceOptions {
  readonly latencyMs?: number;
  readonly users?: Readonly<Record<string, string>>;
  /** Whether a user (`undefined` is anybody) may do something; all users may do all where not given. */
  readonly may?: (user: string | undefined, path: string, action: string) => boolean;
  /** A push to one of these makes the whole request 403. */
  readonly protectedPaths?: readonly string[];
  readonly lifetimeSeconds?: number;
  /** As in GitLab's tokens each entry names its project, and this rule for protected tags. */
  readonly rule?: string;
  /** What is decided otherwise. */
  readonly rules?: Partial<TokenRules<string>>;
  /** What happens to the so-many-th request, counted from 0. */
  readonly fault?: (count: number) => Fault | undefined;
  /** Speaks TLS under this name. */
  readonly tls?: { readonly name: string; readonly key: string; readonly certificate: string };
}

export interface TokenService {
  readonly realm: string;
  readonly issuer: string;
  readonly service: string;
  readonly certificate: string;
  readonly asked: Asked[];
  /** Repositories that a push scope brought into being. */
  readonly created: Set<string>;
  readonly tokens: string[];
  /** For a memory registry: what it answers to a request without a good token. */
  readonly authority: Authority;
  /** Makes every token that was given invalid. */
  revokeAll(): void;
  stop(): Promise<void>;
}

export { testKeys } from "./certificates.ts";

export const testUser = "gitlab-ci-token";
export const testPassword = "s3cret-job-token";

interface State extends Pick<TokenService, "asked" | "created" | "tokens"> {
  readonly options: TokenServiceOptions;
  readonly bans: { failures: number };
}

export async function startTokenService(options: TokenServiceOptions = {}): Promise<TokenService> {
  const { certificate, publicKey } = testKeys();
  const state: State = {
    asked: [],
    created: new Set(),
    tokens: [],
    bans: { failures: 0 },
    options,
  };
  const revoked = new Set<string>();
  const answer = (incoming: IncomingMessage, response: ServerResponse) =>
    void serve(state, incoming, response);
  const { tls } = options;
  const server =
    tls === undefined
      ? createServer(answer)
      : createTlsServer({ key: tls.key, cert: tls.certificate }, answer);
  const host = await listen(server);
  const origin =
    tls === undefined ? `http://${host}` : `https://${tls.name}:${host.split(":").at(-1)}`;
  const realm = `${origin}/jwt/auth`;
  return {
    ...state,
    realm,
    issuer,
    service,
    certificate,
    authority: {
      challenge(request) {
        const isRevoked = revoked.has(request.headers["authorization"] ?? "");
        const access = isRevoked ? undefined : accessOf(request, publicKey);
        return challengeFor(request, access, { realm, service });
      },
    },
    revokeAll: () => {
      for (const token of state.tokens) revoked.add(`Bearer ${token}`);
    },
    stop: () => stopServer(server),
  };
}

async function serve(state: State, incoming: IncomingMessage, response: ServerResponse) {
  const { options, asked, created, tokens } = state;
  const request = inAddress(await readRequest(incoming));
  await new Promise((resolve) => setTimeout(resolve, options.latencyMs ?? 0));
  const { answer, granted, user } = decide(state, request);
  const scopes = request.query.getAll("scope").flatMap((scope) => scope.split(" "));
  asked.push({
    user: user === "" ? undefined : user,
    scopes: scopes.map((scope) => scope.replace(/^repository:/, "")),
    status: answer.status,
    length: (incoming.url ?? "").length,
  });
  const real = (): Answer => {
    for (const { name, actions } of granted) if (actions.includes("push")) created.add(name);
    if (answer.status === 200) tokens.push(JSON.parse(String(answer.body)).token);
    return answer;
  };
  respond(request.method, response, options.fault?.(asked.length - 1), real);
}

/**
 * An identity token in a form asks for the same as its password in a header. GitLab has no password grant: BuildKit
 * tries one first, and then asks as all others do.
 */
function inAddress(request: SeenRequest): SeenRequest {
  const form = new URLSearchParams(request.body.toString());
  if (form.get("grant_type") !== "refresh_token") return request;
  const login = Buffer.from(`:${form.get("refresh_token")}`).toString("base64");
  const headers = { ...request.headers, authorization: `Basic ${login}` };
  return { ...request, method: "GET", query: form, headers };
}

/** Of 30 logins that are not taken comes a ban. */
function decide({ options, bans }: State, request: SeenRequest) {
  if (bans.failures >= 30)
    return { answer: refuse(403, "DENIED", "access forbidden"), granted: [], user: undefined };
  const { users = { [testUser]: testPassword }, may = (user) => user !== undefined } = options;
  let user: string | undefined;
  const decided = answerTokens<string>(
    {
      userOf(password) {
        const [name] = Object.entries(users).find(([, word]) => word === password) ?? [];
        user = password === undefined ? "" : name;
        return user;
      },
      isProtected: (_, path) => options.protectedPaths?.includes(path) === true,
      may: (name, path, action) => may(name === "" ? undefined : name, path, action),
      metaOf: (_, path, actions) => metaOf(path, actions, options.rule),
      tokenFor: (name, access) => tokenFor(access, name, options.lifetimeSeconds ?? 300),
      ...options.rules,
    },
    request,
  );
  if (decided.answer.status === 401) bans.failures += 1;
  return { ...decided, user };
}

/** GitLab's `meta` (Auth::ContainerRegistryAuthenticationService); the rule is told to who may write. */
function metaOf(path: string, actions: readonly string[], rule: string | undefined) {
  if (rule === undefined) return undefined;
  const patterns = { push: [rule], delete: [rule] };
  const shown = actions.includes("push") ? patterns : undefined;
  const meta = { project_path: path, tag_deny_access_patterns: shown };
  return { ...meta, project_id: 12345678, root_namespace_id: 12345678 };
}

function tokenFor(access: readonly Access[], subject: string, lifetime: number): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, sub: subject, aud: service, jti: randomUUID(), access };
  return sign(certifiedSigner(), { ...claims, iat: now - 5, nbf: now - 5, exp: now + lifetime });
}
