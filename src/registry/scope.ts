/** What a token is asked for and what it grants. */
import type { Repository } from "../oci/reference.ts";
import type { Access } from "./registry.ts";

export type Action = Access;

/** Rights on one repository of a host; see the distribution project's scope.md. */
export interface Scope {
  readonly path: string;
  readonly actions: readonly Action[];
}

/** Actions by repository path. */
export type Grants = ReadonlyMap<string, ReadonlySet<string>>;

/** Who pushes or deletes also reads; the other way round, asking for `push` makes GitLab create the repository. */
export function scopeFor(access: Access, { path }: Pick<Repository, "path">): Scope {
  return { path, actions: access === "pull" ? ["pull"] : ["pull", access] };
}

export function printScope({ path, actions }: Scope): string {
  return `repository:${path}:${actions.join(",")}`;
}

export function isReadOnly(scopes: readonly Scope[]): boolean {
  return scopes.every(({ actions }) => actions.every((action) => action === "pull"));
}

export function covers(grants: Grants, scopes: readonly Scope[]): boolean {
  return missing(grants, scopes).length === 0;
}

/** What of some scopes is not granted. */
export function missing(grants: Grants, scopes: readonly Scope[]): readonly Scope[] {
  return scopes.flatMap(({ path, actions }) => {
    const granted = grants.get(path);
    const left = granted?.has("*") ? [] : actions.filter((action) => granted?.has(action) !== true);
    return left.length === 0 ? [] : [{ path, actions: left }];
  });
}

export function grantsOf(scopes: readonly Scope[]): Grants {
  const grants = new Map<string, Set<string>>();
  for (const { path, actions } of scopes) {
    grants.set(path, new Set([...(grants.get(path) ?? []), ...actions]));
  }
  return grants;
}

/** One scope per repository, in order of first mention. */
export function mergeScopes(scopes: readonly Scope[]): readonly Scope[] {
  return [...grantsOf(scopes)].map(([path, actions]) => ({
    path,
    actions: (["pull", "push", "delete"] as const).filter((action) => actions.has(action)),
  }));
}

/** As many of the scopes, from the first on, as fit with `begin` into `max`; always `needed` of them. */
export function fitting(
  scopes: readonly Scope[],
  lengthOf: (scope: Scope) => number,
  { begin, max, needed }: { readonly begin: number; readonly max: number; readonly needed: number },
): readonly Scope[] {
  let length = begin;
  const end = scopes.findIndex((scope) => {
    length += lengthOf(scope);
    return length > max;
  });
  return end < 0 ? scopes : scopes.slice(0, Math.max(end, needed));
}

export interface TokenClaims {
  /** What it grants; `undefined` where the token does not say. */
  readonly grants: Grants | undefined;
  readonly lifetimeSeconds: number | undefined;
}

/**
 * Reads what a token grants from its `access` claim, without verifying it: that is the registry's part.
 *
 * A token service may drop what it refuses and still answer 200, so a request is no evidence.
 */
export function readClaims(token: string): TokenClaims {
  const claims = decode(token);
  const access = claims?.["access"];
  const [issued, expires] = [claims?.["iat"] ?? claims?.["nbf"], claims?.["exp"]];
  const lifetime =
    typeof issued === "number" && typeof expires === "number" ? expires - issued : undefined;
  // GitLab writes null where nothing is granted.
  const grants = Array.isArray(access) || access === null ? readAccess(access ?? []) : undefined;
  return { grants, lifetimeSeconds: lifetime };
}

/** The entries of a token's `access` claim, with all that its service wrote into them. */
export function readEntries(token: string): readonly Scope[] | undefined {
  const access = decode(token)?.["access"];
  if (access === null) return [];
  if (!Array.isArray(access)) return undefined;
  return access.filter(
    (entry): entry is Scope =>
      typeof entry === "object" && entry !== null && Array.isArray(entry["actions"]),
  );
}

function decode(token: string): Record<string, unknown> | undefined {
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(parts[1] ?? "", "base64url").toString());
    return typeof value === "object" && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function readAccess(access: readonly unknown[]): Grants {
  const grants = new Map<string, Set<string>>();
  for (const entry of access) {
    if (typeof entry !== "object" || entry === null) continue;
    const { type, name, actions } = entry as Record<string, unknown>;
    if (type !== "repository" || typeof name !== "string" || !Array.isArray(actions)) continue;
    grants.set(name, new Set([...(grants.get(name) ?? []), ...actions.filter(isText)]));
  }
  return grants;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
