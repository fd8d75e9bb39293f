/** A token service as GitLab's `/jwt/auth` behaves, and what a registry needs to believe its tokens. */
import { execFileSync } from "node:child_process";
import {
  createPrivateKey,
  createSign,
  createVerify,
  randomUUID,
  X509Certificate,
} from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Authority, type SeenRequest, stopServer } from "./memory-registry.ts";

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
  /** Reads only the first scope of a request, as old servers did. */
  readonly oneScopeOnly?: boolean;
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

export const testUser = "gitlab-ci-token";
export const testPassword = "s3cret-job-token";
const service = "container_registry";
const issuer = "berth-test";

interface Access {
  readonly type: "repository";
  readonly name: string;
  readonly actions: readonly string[];
}

interface Keys {
  readonly key: string;
  readonly certificate: string;
}

let keys: Keys | undefined;

/** A key and a self-signed certificate, made once for a test process. */
export function testKeys(): Keys {
  if (keys !== undefined) return keys;
  const folder = mkdtempSync(join(tmpdir(), "berth-keys-"));
  const [keyFile, certificateFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=berth-test".split(" ");
  const names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  const out = ["-keyout", keyFile, "-out", certificateFile];
  execFileSync("openssl", [...request, ...names, ...out], { stdio: "ignore" });
  keys = { key: readFileSync(keyFile, "utf8"), certificate: readFileSync(certificateFile, "utf8") };
  rmSync(folder, { recursive: true });
  return keys;
}

interface State extends Pick<TokenService, "asked" | "created" | "tokens"> {
  readonly options: TokenServiceOptions;
  readonly bans: { failures: number };
}

export async function startTokenService(options: TokenServiceOptions = {}): Promise<TokenService> {
  const { certificate } = testKeys();
  const state: State = {
    asked: [],
    created: new Set(),
    tokens: [],
    bans: { failures: 0 },
    options,
  };
  const revoked = new Set<string>();
  const server = createServer((incoming, response) => void serve(state, incoming, response));
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const realm = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwt/auth`;
  return {
    ...state,
    realm,
    issuer,
    service,
    certificate,
    authority: { challenge: (request) => check(request, realm, certificate, revoked) },
    revokeAll: () => {
      for (const token of state.tokens) revoked.add(token);
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
  const read = options.oneScopeOnly === true ? scopes.slice(0, 1) : scopes;
  // GitLab has no password grant: BuildKit tries one first, and then asks as all others do.
  const known = url.pathname === "/jwt/auth" && fields.get("grant_type") !== "password";
  const result = known ? decide(read, user, options, bans) : 404;
  const status = typeof result === "number" ? result : 200;
  asked.push({
    user: user === "wrong" ? undefined : user,
    scopes: scopes.map((scope) => scope.replace(/^repository:/, "")),
    status,
    length: (incoming.url ?? "").length,
  });
  response.writeHead(status, { "content-type": "application/json" });
  if (typeof result === "number") {
    response.end(JSON.stringify({ errors: [complaint(status)] }));
    return;
  }
  for (const { name, actions } of result) if (actions.includes("push")) created.add(name);
  const lifetime = options.lifetimeSeconds ?? 300;
  const token = sign(result, user ?? "", lifetime);
  tokens.push(token);
  response.end(JSON.stringify({ token, expires_in: lifetime }));
}

function complaint(status: number) {
  if (status === 403) {
    return { code: "DENIED", message: "Pushing to protected repository path forbidden" };
  }
  return { code: "UNAUTHORIZED", message: "HTTP Basic: Access denied" };
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

function sign(access: readonly Access[], subject: string, lifetime: number): string {
  const { key, certificate } = testKeys();
  const der = new X509Certificate(certificate).raw.toString("base64");
  const now = Math.floor(Date.now() / 1000);
  const header = { typ: "JWT", alg: "RS256", x5c: [der] };
  const claims = { iss: issuer, sub: subject, aud: service, jti: randomUUID(), access };
  const times = { iat: now - 5, nbf: now - 5, exp: now + lifetime };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part(header)}.${part({ ...claims, ...times })}`;
  const signature = createSign("RSA-SHA256").update(text).sign(createPrivateKey(key));
  return `${text}.${signature.toString("base64url")}`;
}

/** The challenge for a request that its token does not allow, as distribution words it. */
function check(request: SeenRequest, realm: string, certificate: string, revoked: Set<string>) {
  const needed = neededAccess(request);
  const token = /^Bearer (.+)$/.exec(request.headers["authorization"] ?? "")?.[1] ?? "";
  const [header = "", body = "", signature = ""] = token.split(".");
  const { publicKey } = new X509Certificate(certificate);
  const isGenuine =
    signature !== "" &&
    createVerify("RSA-SHA256")
      .update(`${header}.${body}`)
      .verify(publicKey, Buffer.from(signature, "base64url"));
  const claims = isGenuine ? JSON.parse(Buffer.from(body, "base64url").toString()) : {};
  const access: readonly Access[] = revoked.has(token) ? [] : (claims.access ?? []);
  const isAllowed = needed.every(({ name, actions }) =>
    actions.every((action) =>
      access.some((entry) => entry.name === name && entry.actions.includes(action)),
    ),
  );
  if (isGenuine && isAllowed && !revoked.has(token)) return undefined;
  const scope = needed.map(({ name, actions }) => `repository:${name}:${actions.join(",")}`);
  return `Bearer realm="${realm}",service="${service}",scope="${scope.join(" ")}"`;
}

function neededAccess({ method, path, query }: SeenRequest): readonly Access[] {
  const name = /^\/v2\/(.+)\/(?:manifests|blobs|tags)\//.exec(path)?.[1];
  if (name === undefined) return [];
  const reads = method === "GET" || method === "HEAD";
  const isUpload = path.includes("/blobs/uploads/");
  const actions = reads
    ? ["pull"]
    : method === "DELETE" && !isUpload
      ? ["delete"]
      : ["pull", "push"];
  const from = query.get("from");
  const source =
    from === null ? [] : [{ type: "repository" as const, name: from, actions: ["pull"] }];
  return [{ type: "repository", name, actions }, ...source];
}
