/** Asking a token service: for which rights, and what the token that it gives is good for (distribution's token.md, oauth.md). */
import { BerthError } from "../errors.ts";
import { printStatus, refuseWebPage, statusError } from "../http/errors.ts";
import type { Redactor } from "../http/redact.ts";
import type { Call, Transport } from "../http/transport.ts";
import { isObject, readObject } from "../json.ts";
import type { RegistryLogin } from "./credentials.ts";
import { accesses, mergeScopes, printScope, type Scope } from "./scopes.ts";

export interface TokenService {
  readonly realm: URL;
  readonly service: string | undefined;
}

/** What a token may do, and for how long. */
export interface Granted {
  readonly kind: "token";
  readonly value: string;
  readonly lifetimeMs: number;
  readonly grants: readonly Scope[];
}

/** A no that will not change within this run. */
export interface Refusal {
  readonly kind: "refused";
  /** The status with the service's words. */
  readonly what: string;
}

/** The service said no: 401 to the login, 403 to what was asked. */
export interface TokenRefused extends Refusal {
  readonly status: number;
}

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
export async function requestToken(ask: TokenAsk): Promise<Granted | TokenRefused> {
  const { redactor, scopes, host, login } = ask;
  const purpose = `get token for ${host}`;
  const reply = await ask.transport.send(callFor(ask, purpose));
  const { status } = reply;
  if (status === 401 || status === 403)
    return { kind: "refused", status, what: printStatus(reply, redactor) };
  if (status !== 200) {
    throw statusError(reply, { purpose, access: "pull", hasLogin: login !== undefined }, redactor);
  }
  refuseWebPage(reply, purpose);
  const { token, access_token, expires_in } = readObject(reply.bytes) ?? {};
  const value = typeof token === "string" && token !== "" ? token : access_token;
  // What is not plain printable ASCII cannot go into a header.
  if (typeof value !== "string" || !/^[\x21-\x7e]+$/.test(value)) {
    throw new BerthError("REGISTRY_REFUSED", `${purpose}: the answer holds no token`, {
      hint: "check the address of the registry's token service",
    });
  }
  redactor.hide(value);
  const claims = readClaims(value);
  // Without a lifetime the specification says 60 s; a token that carries its own is believed.
  const seconds = typeof expires_in === "number" ? expires_in : (claims.lifetimeSeconds ?? 60);
  const lifetimeMs = Math.min(seconds > 0 ? seconds : 60, 3600) * 1000;
  const grants = claims.grants ?? mergeScopes(scopes);
  return { kind: "token", value, lifetimeMs, grants };
}

function callFor({ service, login, scopes }: TokenAsk, purpose: string): Call {
  const { realm, service: name } = service;
  const base = { purpose, maxBytes: 1024 * 1024 };
  if (login === undefined || !("identityToken" in login)) {
    const url = tokenUrl(service, scopes);
    return { ...base, method: "GET", url, login: passwordHeader(login) };
  }
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: "berth",
    scope: scopes.map(printScope).join(" "),
    refresh_token: login.identityToken,
    ...(name === undefined ? {} : { service: name }),
  });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return { ...base, method: "POST", url: realm, headers, body: Buffer.from(`${form}`) };
}

/** The header that carries a name and a password (RFC 7617); a refresh token has none. */
export function passwordHeader(login: RegistryLogin | undefined) {
  if (login === undefined || "identityToken" in login) return undefined;
  const { username, password } = login;
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
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

/**
 * Reads what a token grants from its `access` claim, without verifying it: that is the registry's part.
 *
 * A token service may drop what it refuses and still answer 200, so a request is no evidence. Grants are
 * `undefined` where the token does not say.
 */
export function readClaims(token: string) {
  const { access, iat, nbf, exp } = decode(token);
  const issued = iat ?? nbf;
  const isTimed = typeof issued === "number" && typeof exp === "number";
  // GitLab writes null where nothing is granted.
  const entries = Array.isArray(access) || access === null ? (access ?? []) : undefined;
  return {
    grants: entries && mergeScopes(entries.flatMap(readEntry)),
    lifetimeSeconds: isTimed ? exp - issued : undefined,
    entries: entries?.filter(isObject),
  };
}

/**
 * Says which tag a rule of GitLab's for protected tags keeps this token from pushing to a repository, by the
 * patterns in its `meta` (RE2), which match any part of a name. What is not there, is of another shape or cannot be
 * read denies nothing: the registry has the last word.
 */
export async function deniedTag(token: string, path: string | undefined, tags: readonly string[]) {
  const entry = readClaims(token).entries?.find(({ name }) => name === path);
  const of = (value: unknown, name: string) => (isObject(value) ? value[name] : undefined);
  const patterns = of(of(of(entry, "meta"), "tag_deny_access_patterns"), "push");
  if (tags.length === 0 || !Array.isArray(patterns) || patterns.length === 0) return undefined;
  // Few projects have such rules, and all commands would load it.
  const { RE2JS } = await import("re2js");
  const matches = (pattern: unknown, tag: string) => {
    try {
      return RE2JS.compile(String(pattern)).matcher(tag).find();
    } catch {
      return false;
    }
  };
  for (const pattern of patterns) {
    const tag = tags.find((one) => matches(pattern, one));
    if (tag !== undefined) return `the tag ${tag} is protected by the rule ${pattern}`;
  }
  return undefined;
}

function decode(token: string): Record<string, unknown> {
  const [, body = "", ...rest] = token.split(".");
  return (rest.length === 1 && readObject(Buffer.from(body, "base64url"))) || {};
}

function readEntry(entry: unknown): readonly Scope[] {
  const { type, name, actions } = isObject(entry) ? entry : {};
  if (type !== "repository" || typeof name !== "string" || !Array.isArray(actions)) return [];
  const granted = accesses.filter((access) => actions.includes(access) || actions.includes("*"));
  return [{ path: name, actions: granted }];
}

/** Lengths in characters of a token's text. */
export interface TokenSize {
  /** What a token has whatever it grants. */
  readonly fixed: number;
  /** What a scope adds that only reads, and any other. */
  readonly read: number;
  readonly write: number;
}

/** GitLab's, without rules for protected tags, which lengthen every scope. */
export const usualSize: TokenSize = { fixed: 2_600, read: 300, write: 400 };

/** What a token tells of the next ones; one that cannot be read is as long as its scopes make it. */
export function sizeOf(token: string, scopes: readonly Scope[]): TokenSize {
  const { entries } = readClaims(token);
  if (entries === undefined) {
    const each = Math.ceil(token.length / Math.max(scopes.length, 1));
    return { fixed: 0, read: each, write: each };
  }
  const lengths = entries.map((entry) => Math.ceil((JSON.stringify(entry).length * 4) / 3) + 2);
  const longest = (isRead: boolean) =>
    Math.max(0, ...lengths.filter((_, at) => onlyReads(entries[at]) === isRead));
  const [read, write] = [longest(true), longest(false)];
  return {
    fixed: Math.max(0, token.length - lengths.reduce((sum, length) => sum + length, 0)),
    read: read || write || usualSize.read,
    // What may write lists the rules that it must keep to.
    write: write || Math.ceil(read * 1.6) || usualSize.write,
  };
}

function onlyReads(entry: Record<string, unknown> | undefined): boolean {
  const actions = entry?.["actions"];
  return Array.isArray(actions) && actions.every((action) => action === "pull");
}

const part = /([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?/gs;

/**
 * Reads what a WWW-Authenticate header asks for (RFC 9110, 11.6.1): a token before a password;
 * `undefined` where it is neither, or names no token service that can be asked.
 */
export function readChallenge(header: string) {
  const bearer = new Map<string, string>();
  const schemes: string[] = [];
  for (const [, word = "", quoted, bare] of header.matchAll(part)) {
    const name = word.toLowerCase();
    const value = quoted?.replace(/\\(.)/gs, "$1") ?? bare;
    if (value === undefined) schemes.push(name);
    else if (schemes.at(-1) === "bearer" && !bearer.has(name)) bearer.set(name, value);
  }
  const realm = bearer.get("realm") ?? "";
  const error = bearer.get("error");
  if (URL.canParse(realm))
    return { kind: "token", realm: new URL(realm), service: bearer.get("service"), error } as const;
  return schemes.includes("basic") ? ({ kind: "password" } as const) : undefined;
}
