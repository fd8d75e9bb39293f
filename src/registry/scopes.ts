/** Rights on the repositories of a host, as tokens are asked for them and tell of them. */
import type { Repository } from "../oci/reference.ts";
import type { Access } from "./registry.ts";

/** Rights on one repository of a host; see the distribution project's scope.md. */
export interface Scope {
  readonly path: string;
  readonly actions: readonly Access[];
}

export const accesses = ["pull", "push", "delete"] as const;

/** Who pushes or deletes also reads; the other way round, asking for `push` makes GitLab create the repository. */
export function scopeFor(access: Access, { path }: Pick<Repository, "path">): Scope {
  return { path, actions: access === "pull" ? ["pull"] : ["pull", access] };
}

/** The most that some scopes let do. */
export function accessOf(scopes: readonly Scope[]): Access {
  const actions = scopes.flatMap((scope) => scope.actions);
  return (["delete", "push"] as const).find((access) => actions.includes(access)) ?? "pull";
}

export function isReadOnly(scopes: readonly Scope[]): boolean {
  return accessOf(scopes) === "pull";
}

/** One scope per repository, in order of first mention. */
export function mergeScopes(scopes: readonly Scope[]): readonly Scope[] {
  const byPath = Map.groupBy(scopes, ({ path }) => path);
  return [...byPath].map(([path, same]) => ({
    path,
    actions: accesses.filter((access) => same.some(({ actions }) => actions.includes(access))),
  }));
}

/** What of some scopes is not granted, where there is one grant a repository. */
export function missing(granted: readonly Scope[], scopes: readonly Scope[]): readonly Scope[] {
  const left = scopes.map(({ path, actions }) => {
    const has = granted.find((grant) => grant.path === path)?.actions ?? [];
    return { path, actions: actions.filter((action) => !has.includes(action)) };
  });
  return left.filter(({ actions }) => actions.length > 0);
}

export function covers(granted: readonly Scope[], scopes: readonly Scope[]): boolean {
  return missing(granted, scopes).length === 0;
}

export function printScope({ path, actions }: Scope): string {
  return `repository:${path}:${actions.join(",")}`;
}
