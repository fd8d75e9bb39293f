/** Facts for tests that need some and do not care where they came from. */
import { defaultConfig, type PruneSettings } from "../../src/config/config.ts";
import { dayMs, type Facts } from "../../src/prune/facts.ts";

export const now = Date.UTC(2026, 7, 19);

export function daysAgo(days: number): number {
  return now - days * dayMs;
}

export function facts(change: Partial<Facts> = {}): Facts {
  return {
    now,
    needed: new Map(),
    repositories: new Map([["debian", "master"]]),
    liveTags: new Set(["latest"]),
    doubts: [],
    pipelines: [],
    usesKnownSince: undefined,
    ...change,
  };
}

export function rules(change: Partial<PruneSettings> = {}, isFork = false, ownPipeline?: number) {
  return { config: { prune: { ...defaultConfig.prune, ...change } }, isFork, ownPipeline };
}
