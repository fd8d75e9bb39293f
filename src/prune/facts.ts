/** What is known at one moment about what a project needs; read anew before deletions. */
import type { Config, PruneSettings } from "../config/config.ts";
import { matchesBranch, promotedTags } from "../config/promoted.ts";
import { BerthError } from "../errors.ts";
import type { Shelf } from "./shelf.ts";
import type { Head, ProjectPipeline, ReadCommit, Sources } from "./sources.ts";

/** Why nothing that depends on what is needed may be deleted. */
export interface Doubt {
  readonly about: string;
  readonly why: string;
}

export interface Facts {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Who needs a place, by `repository:tag`. */
  readonly needed: ReadonlyMap<string, string>;
  /** Who has an image of a repository. */
  readonly repositories: ReadonlyMap<string, string>;
  /** Tags that `publish` names for a branch that exists. */
  readonly liveTags: ReadonlySet<string>;
  readonly doubts: readonly Doubt[];
  /** `undefined` where GitLab does not tell. */
  readonly pipelines: readonly ProjectPipeline[] | undefined;
  /** Since when `needed` holds everything that any pipeline used; `undefined` where that is not known. */
  readonly usesKnownSince: number | undefined;
}

/** The project whose tags are judged. */
export interface PruneProject {
  readonly config: Pick<Config, "prefix" | "prune" | "publish">;
  readonly isFork: boolean;
  readonly defaultBranch: string | undefined;
  readonly ownPipeline: number | undefined;
  /** What the user of this run set as `<PREFIX>_CONTAINER_TAG`. */
  readonly userTag: string | undefined;
}

/** What is pruned, and whom that may ask. */
export interface Pruning {
  readonly project: PruneProject;
  readonly shelf: Shelf;
  readonly sources: Pick<Sources, "history" | "readCommit">;
  /** Reads anew what is needed. */
  facts(): Promise<Facts>;
}

export const dayMs = 24 * 60 * 60 * 1000;

/** Reads branches, merge requests and pipelines, then the keys of their commits. Doubts are part of the answer. */
export async function gatherFacts(
  sources: Sources,
  project: PruneProject,
  now: Date,
): Promise<Facts> {
  const { defaultBranch, config } = project;
  const { prune } = config;
  const longest = Math.max(prune.age, ...Object.values(prune.ages));
  const usesSince = now.getTime() - longest * dayMs;
  const [branches, mergeRequests, pipelines] = await Promise.all([
    sources.activity.branches(),
    prune.mergeRequests ? sources.activity.mergeRequests() : [],
    sources.activity.pipelines(new Date(usesSince)),
  ]);
  // Any branch may be a merge request's or have a pipeline: where those cannot be listed, every branch counts.
  const all = mergeRequests === undefined || pipelines === undefined;
  const patterns = all ? ["*"] : keptPatterns(prune, project.isFork);
  const kept = [
    ...branches.filter(({ name }) => isKept(patterns, name, defaultBranch)),
    ...(mergeRequests ?? []),
  ];
  const needs: Needs = { needed: new Map(), repositories: new Map(), doubts: [] };
  const since = new Date(now.getTime() - prune.days * dayMs);
  for (const head of kept) await addHead(needs, head, since, sources);
  let usesKnown = pipelines !== undefined;
  for (const pipeline of pipelines ?? []) {
    const isRead = await addPipeline(needs, pipeline, sources);
    usesKnown &&= isRead;
  }
  const promoted = branches.map(({ name }) => promotedTags(config, { name, defaultBranch }));
  return {
    now: now.getTime(),
    ...needs,
    liveTags: new Set(promoted.flat()),
    doubts: [...missingBranches(kept, branches, project), ...needs.doubts],
    pipelines,
    usesKnownSince: usesKnown ? usesSince : undefined,
  };
}

/** What commits need, as far as it has been read. */
interface Needs {
  readonly needed: Map<string, string>;
  readonly repositories: Map<string, string>;
  readonly doubts: Doubt[];
}

/** Takes up what a commit needs; gives why it needs nothing, where no berth could have planned it. */
async function addCommit(
  { needed, repositories }: Needs,
  commit: string,
  by: string,
  readCommit: ReadCommit,
): Promise<string | undefined> {
  const needs = await readCommit(commit);
  if ("broken" in needs) return needs.broken;
  for (const place of needs.places) if (!needed.has(place)) needed.set(place, by);
  for (const { repository } of needs.images)
    if (!repositories.has(repository)) repositories.set(repository, by);
  return undefined;
}

/** How many commits of a fork's merge request are read, since a stranger may bring any number. */
const mostOfFork = 100;

async function addHead(
  needs: Needs,
  { name, commit, isFork = false }: Head,
  since: Date,
  { history, readCommit }: Sources,
): Promise<void> {
  // What a stranger's commits need is a courtesy: where it cannot be told, nothing waits for it.
  const doubt = (one: Doubt): void => void (isFork || needs.doubts.push(one));
  try {
    const commits = await history.headsSince(commit, since);
    for (const one of isFork ? commits.slice(0, mostOfFork) : commits) {
      const broken = await addCommit(needs, one, name, readCommit);
      // An old commit that nobody could plan needs nothing; a head may be mended any moment.
      if (broken !== undefined && one === commit) doubt({ about: name, why: broken });
    }
  } catch (error) {
    doubt(doubtOf(name, error));
  }
}

/** False where it cannot be told what the pipeline used. */
async function addPipeline(
  needs: Needs,
  { id, commit, running }: ProjectPipeline,
  { history, readCommit }: Sources,
): Promise<boolean> {
  const by = `pipeline ${id}`;
  try {
    await history.bring(commit);
    await addCommit(needs, commit, by, readCommit);
    return true;
  } catch (error) {
    const doubt = doubtOf(by, error);
    if (running) needs.doubts.push(doubt);
    return false;
  }
}

function doubtOf(about: string, error: unknown): Doubt {
  return { about, why: whyOf(error) };
}

/** Why it cannot be told what somebody needs. What a commit's files make fail, a bug of ours too, is that commit's. */
export function whyOf(error: unknown): string {
  if (!(error instanceof BerthError)) return `a bug of berth's own: ${error}`;
  const [first] = error.problems;
  return [error.message, first?.message ?? []].flat().join(": ");
}

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

/** A list without the default branch is a list that somebody may not read. */
function missingBranches(
  kept: readonly Head[],
  branches: readonly Head[],
  { defaultBranch, config, isFork }: PruneProject,
): readonly Doubt[] {
  const isDefault = ({ name }: Head) => matchesBranch("{default}", { name, defaultBranch });
  if (defaultBranch === undefined)
    return [{ about: "the default branch", why: "its name is not known" }];
  if (!branches.some(isDefault))
    return [{ about: defaultBranch, why: "it is not among the branches that were listed" }];
  if (kept.length === 0) {
    const patterns = keptPatterns(config.prune, isFork).join(", ");
    return [{ about: "the kept branches", why: `no branch matches ${patterns}` }];
  }
  return [];
}
