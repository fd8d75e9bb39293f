/** A token service as GitLab's `/jwt/auth` behaves, and what a registry needs to believe its tokens. */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { testKeys } from "./certificates.ts";
import { type Answer, type Fault, listen, respond } from "./faulty-server.ts";
import { type Authority, stopServer } from "./memory-registry.ts";
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
const service = "container_registry";
const issuer = "berth-test";

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
  const { options, asked, created, tokens, bans } = state;
  const url = new URL(incoming.url ?? "/", "http://tokens");
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece);
  await new Promise((resolve) => setTimeout(resolve, options.latencyMs ?? 0));
  const form = Buffer.concat(pieces).toString();
  const user = loginOf(incoming.headers.authorization, form, options);
  const fields = incoming.method === "POST" ? new URLSearchParams(form) : url.searchParams;
  const scopes = fields.getAll("scope").flatMap((scope) => scope.split(" "));
  // GitLab has no password grant: BuildKit tries one first, and then asks as all others do.
  const known = url.pathname === "/jwt/auth" && fields.get("grant_type") !== "password";
  const result = known ? decide(scopes, user, options, bans) : 404;
  const status = typeof result === "number" ? result : 200;
  asked.push({
    user: user === "wrong" ? undefined : user,
    scopes: scopes.map((scope) => scope.replace(/^repository:/, "")),
    status,
    length: (incoming.url ?? "").length,
  });
  const headers = { "content-type": "application/json" };
  const real = (): Answer => {
    if (typeof result === "number")
      return { status, headers, body: JSON.stringify({ errors: [complaint(status)] }) };
    for (const { name, actions } of result) if (actions.includes("push")) created.add(name);
    const lifetime = options.lifetimeSeconds ?? 300;
    const told = result.map((entry) => withMeta(entry, options.rule));
    const token = tokenFor(told, user ?? "", lifetime);
    tokens.push(token);
    return { status, headers, body: JSON.stringify({ token, expires_in: lifetime }) };
  };
  respond(incoming.method ?? "GET", response, options.fault?.(asked.length - 1), real);
}

function complaint(status: number) {
  return status === 403
    ? { code: "DENIED", message: "Pushing to protected repository path forbidden" }
    : { code: "UNAUTHORIZED", message: "HTTP Basic: Access denied" };
}

function loginOf(header: string | undefined, form: string, options: TokenServiceOptions) {
  const users = options.users ?? { [testUser]: testPassword };
  const fields = new URLSearchParams(form);
  if (fields.get("grant_type") === "refresh_token") {
    const found = Object.entries(users).find(([, word]) => word === fields.get("refresh_token"));
    return found?.[0] ?? "wrong";
  }
  if (header === undefined) return undefined;
  const [user = "", ...rest] = Buffer.from(header.slice("Basic ".length), "base64")
    .toString()
    .split(":");
  return users[user] === rest.join(":") ? user : "wrong";
}

/** What is granted, or the status of a refusal. */
function decide(
  scopes: readonly string[],
  user: string | undefined,
  options: TokenServiceOptions,
  bans: { failures: number },
): readonly Access[] | number {
  if (bans.failures >= 30) return 403;
  if (user === "wrong") {
    bans.failures += 1;
    return 401;
  }
  const asked = scopes.map((scope) => {
    const [, name = "", actions = ""] = scope.split(":");
    return { name, actions: actions.split(",") };
  });
  const spoiled = asked.some(
    ({ name, actions }) => actions.includes("push") && options.protectedPaths?.includes(name),
  );
  if (spoiled) return 403;
  const may = options.may ?? ((who) => who !== undefined);
  return asked.flatMap(({ name, actions }) => {
    const granted = actions.filter((action) => may(user, name, action));
    return granted.length === 0 ? [] : [{ type: "repository" as const, name, actions: granted }];
  });
}

/** GitLab's `meta` (Auth::ContainerRegistryAuthenticationService); the rule is told to who may write. */
function withMeta(entry: Access, rule: string | undefined): Access {
  if (rule === undefined) return entry;
  const patterns = { push: [rule], delete: [rule] };
  const shown = entry.actions.includes("push") ? patterns : undefined;
  const meta = { project_path: entry.name, tag_deny_access_patterns: shown };
  return { ...entry, meta: { ...meta, project_id: 12345678, root_namespace_id: 12345678 } };
}

function tokenFor(access: readonly Access[], subject: string, lifetime: number): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, sub: subject, aud: service, jti: randomUUID(), access };
  return sign(certifiedSigner(), { ...claims, iat: now - 5, nbf: now - 5, exp: now + lifetime });
}
