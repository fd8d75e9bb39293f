/** Which branches' images stay. */
import type { PruneSettings } from "../config/config.ts";
import { matchesBranch } from "../config/promoted.ts";
import type { Head } from "./port.ts";

const upstreamBranches = ["{default}", "stable-*", "staging-*"];

/** The patterns of a project; a fork keeps the images of every branch that it has. */
export function keptPatterns(
  { branches }: Pick<PruneSettings, "branches">,
  isFork: boolean,
): readonly string[] {
  return branches ?? (isFork ? ["*"] : upstreamBranches);
}

/** Whether a branch is kept: one pattern names it, and none with `!` takes it out again. */
export function isKept(
  patterns: readonly string[],
  name: string,
  defaultBranch: string | undefined,
): boolean {
  const named = (pattern: string) => matchesBranch(pattern, { name, defaultBranch });
  const out = patterns.filter((pattern) => pattern.startsWith("!"));
  return (
    patterns.some((pattern) => !pattern.startsWith("!") && named(pattern)) &&
    !out.some((pattern) => named(pattern.slice(1)))
  );
}

export function keptHeads(
  patterns: readonly string[],
  heads: readonly Head[],
  defaultBranch: string | undefined,
): readonly Head[] {
  return heads.filter(({ name }) => isKept(patterns, name, defaultBranch));
}
