/** Asking a token service (the distribution project's token.md and oauth.md). */
import { BerthError } from "../errors.ts";
import type { RegistryLogin } from "./auth-file.ts";
import { isWebPage, printStatus, statusError, webPageError } from "./errors.ts";
import { maxBytes, maxTokenUrl } from "./limits.ts";
import type { Redactor } from "./redact.ts";
import { fitting, type Grants, grantsOf, printScope, readClaims, type Scope } from "./scope.ts";
import type { Call, Reply, Transport } from "./transport.ts";

export interface TokenService {
  readonly realm: URL;
  readonly service: string | undefined;
}

export type TokenAnswer =
  | {
      readonly kind: "token";
      readonly value: string;
      readonly lifetimeMs: number;
      readonly grants: Grants;
    }
  /** The service said no: 401 to the login, 403 to what was asked. */
  | { readonly kind: "refused"; readonly status: number; readonly what: string };

export interface TokenAsk {
  readonly transport: Transport;
  readonly redactor: Redactor;
  readonly service: TokenService;
  /** Names the registry in messages. */
  readonly host: string;
  readonly login: RegistryLogin | undefined;
  readonly scopes: readonly Scope[];
}

/** Asks for one token for all the scopes. */
export async function requestToken(ask: TokenAsk): Promise<TokenAnswer> {
  const { redactor, scopes } = ask;
  const purpose = `get token for ${ask.host}`;
  const reply = await ask.transport.send(callFor(ask, purpose));
  const { status, bytes } = reply;
  if (status === 401 || status === 403) {
    return { kind: "refused", status, what: printStatus(status, bytes, redactor) };
  }
  if (status !== 200) {
    const hasLogin = ask.login !== undefined;
    throw statusError({ purpose, status, bytes, redactor, access: "pull", hasLogin });
  }
  const { value, expiresIn } = readToken(reply, purpose);
  redactor.hide(value);
  const claims = readClaims(value);
  // Without a lifetime the specification says 60 s; a token that carries its own is believed.
  const seconds = expiresIn ?? claims.lifetimeSeconds ?? 60;
  const lifetimeMs = Math.min(seconds > 0 ? seconds : 60, 3600) * 1000;
  return { kind: "token", value, lifetimeMs, grants: claims.grants ?? grantsOf(scopes) };
}

function callFor({ service, login, scopes }: TokenAsk, purpose: string): Call {
  const base = { purpose, maxBytes: maxBytes.token };
  if (login !== undefined && "identityToken" in login) {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      client_id: "berth",
      scope: scopes.map(printScope).join(" "),
      refresh_token: login.identityToken,
    });
    if (service.service !== undefined) form.set("service", service.service);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return {
      ...base,
      method: "POST",
      url: service.realm,
      headers,
      body: Buffer.from(form.toString()),
    };
  }
  const authorization = login === undefined ? undefined : basicHeader(login);
  return { ...base, method: "GET", url: tokenUrl(service, scopes), authorization };
}

export function basicHeader(login: Exclude<RegistryLogin, { identityToken: string }>): string {
  return `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
}

/** The address of a token request; scopes are of letters that a query may carry as they are. */
export function tokenUrl({ realm, service }: TokenService, scopes: readonly Scope[]): URL {
  const url = new URL(realm);
  const parts = [
    ...(url.search.length > 1 ? [url.search.slice(1)] : []),
    ...(service === undefined ? [] : [`service=${encodeURIComponent(service)}`]),
    ...scopes.map((scope) => `scope=${printScope(scope)}`),
  ];
  url.search = parts.join("&");
  url.hash = "";
  return url;
}

/** As many of the scopes, from the first on, as one address may carry; always `needed` of them. */
export function fittingScopes(
  service: TokenService,
  scopes: readonly Scope[],
  needed: number,
): readonly Scope[] {
  const begin = tokenUrl(service, []).href.length;
  const lengthOf = (scope: Scope) => "&scope=".length + printScope(scope).length;
  return fitting(scopes, lengthOf, { begin, max: maxTokenUrl, needed });
}

function readToken({ headers, bytes }: Reply, purpose: string) {
  if (isWebPage(headers)) throw webPageError(purpose);
  const { token, access_token, expires_in } = parse(bytes);
  const value = typeof token === "string" && token !== "" ? token : access_token;
  // What is not plain printable ASCII cannot go into a header.
  if (typeof value !== "string" || !/^[\x21-\x7e]+$/.test(value)) {
    throw new BerthError("REGISTRY_REFUSED", `${purpose}: the answer holds no token`, {
      hint: "check the address of the registry's token service",
    });
  }
  const expiresIn = typeof expires_in === "number" ? expires_in : undefined;
  return { value, expiresIn };
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
