/** A project in memory: branches that move as time passes, their pipelines, and prunes of its registry. */
import { createHash } from "node:crypto";
import { defaultConfig, type PruneSettings } from "../../src/config/config.ts";
import { BerthError } from "../../src/errors.ts";
import { keyVersion } from "../../src/image/key.ts";
import { tagsOf } from "../../src/oci/tags.ts";
import { type Facts, gatherFacts, type PruneProject } from "../../src/prune/facts.ts";
import { type Applied, applyPrune, makePrunePlan, type PrunePlan } from "../../src/prune/plan.ts";
import type { CommitNeeds, ProjectPipeline, Sources } from "../../src/prune/sources.ts";
import { type Model, type ModelOptions, makeModel } from "./model.ts";

/** Contents by image: what a commit's Dockerfiles say. */
export type Contents = Readonly<Record<string, number>>;

export interface ProjectOptions extends ModelOptions {
  readonly prune?: Partial<PruneSettings>;
  readonly isFork?: boolean;
  /** Whether the token may see merge requests and pipelines. */
  readonly sees?: boolean;
  readonly numbered?: boolean;
  /** The version of the key that the berth of a branch's pipelines writes; prune's own where not given. */
  readonly versionOf?: (branch: string) => number | undefined;
}

export interface MemoryProject {
  readonly model: Model;
  now: number;
  /** Commits a branch on, or makes one, and runs its pipeline; gives what the pipeline found broken. */
  push(branch: string, contents: Contents): readonly string[];
  /** Runs a pipeline of a branch's head again. */
  rerun(branch: string): readonly string[];
  remove(branch: string): void;
  branches(): readonly string[];
  contentsOf(branch: string): Contents;
  needsOf(branch: string, version?: number): CommitNeeds;
  /** Makes reading a branch's history fail. */
  unreadable: string | undefined;
  /** Called whenever the project is asked what is going on. */
  onAsk: () => void;
  facts(): Promise<Facts>;
  /** As `berth prune` makes it; without looks as `--apply` does, which looks by itself. */
  plan(looks?: boolean): Promise<PrunePlan>;
  apply(plan: PrunePlan, round?: number): Promise<readonly Applied[]>;
}

interface Pushed {
  readonly commit: string;
  readonly at: number;
}

export function makeProject(options: ProjectOptions = {}): MemoryProject {
  const { isFork = false, sees = true } = options;
  const model = makeModel(options);
  const commits = new Map<string, Contents>();
  const branches = new Map<string, Pushed[]>();
  const pipelines: ProjectPipeline[] = [];
  const { prefix, publish } = defaultConfig;
  const config = { prefix, publish, prune: { ...defaultConfig.prune, ...options.prune } };
  const own = { defaultBranch: "master", ownPipeline: undefined, userTag: undefined };
  const pruned: PruneProject = { config, isFork, ...own };
  const headOf = (branch: string) => branches.get(branch)?.at(-1)?.commit ?? "";
  const readCommit = async (commit: string) => needsOfContents(commits.get(commit) ?? {});
  const sources: Sources = {
    readCommit,
    history: {
      bring: async () => undefined,
      async headsSince(head, since) {
        const [name = "", pushes = []] =
          [...branches].find(([, list]) => list.at(-1)?.commit === head) ?? [];
        if (name === project.unreadable)
          throw new BerthError("GIT_FAILED", `read ${name}: no such commit`);
        const recent = pushes.filter(({ at }) => at > since.getTime());
        const before = pushes.filter(({ at }) => at <= since.getTime()).slice(-1);
        return [...recent, ...before].map(({ commit }) => commit);
      },
    },
    activity: {
      async branches() {
        project.onAsk();
        return [...branches.keys()].map((name) => ({ name, commit: headOf(name) }));
      },
      mergeRequests: async () => (sees ? [] : undefined),
      pipelines: async (since) =>
        sees ? pipelines.filter(({ begunAt }) => begunAt >= since.getTime()) : undefined,
    },
  };
  const run = (branch: string): readonly string[] => {
    const commit = headOf(branch);
    const id = pipelines.length + 1;
    pipelines.push({ id, commit, running: false, begunAt: project.now });
    const version = options.versionOf?.(branch);
    return model.pipeline(needsOfContents(commits.get(commit) ?? {}, version), {
      version,
      id,
      commit,
      at: project.now,
      promotes: branch === "master" ? ["latest"] : [],
      numbered: options.numbered ?? false,
    });
  };
  const project: MemoryProject = {
    model,
    now: Date.UTC(2026, 0, 1),
    unreadable: undefined,
    onAsk: () => undefined,
    push(branch, contents) {
      const commit = createHash("sha1").update(`${commits.size}`).digest("hex");
      commits.set(commit, contents);
      branches.set(branch, [...(branches.get(branch) ?? []), { commit, at: project.now }]);
      return run(branch);
    },
    rerun: run,
    remove: (branch) => void branches.delete(branch),
    branches: () => [...branches.keys()],
    contentsOf: (branch) => commits.get(headOf(branch)) ?? {},
    needsOf: (branch, version) => needsOfContents(commits.get(headOf(branch)) ?? {}, version),
    facts: () => gatherFacts(sources, pruned, new Date(project.now)),
    plan: async (looks = true) => makePrunePlan(pruning, await project.facts(), looks),
    apply: (plan, round = 5) => applyPrune(pruning, plan, { round }),
  };
  const pruning = { project: pruned, shelf: model.shelf, sources, facts: project.facts };
  return project;
}

function needsOfContents(contents: Contents, version = keyVersion): CommitNeeds {
  const tags = tagsOf(version);
  const hash = (text: string) => createHash("sha256").update(text).digest("hex");
  const images = Object.entries(contents)
    .sort()
    .map(([repository, content]) => ({
      repository,
      key: hash(`${version} ${repository} ${content}`),
    }));
  const setId = hash(JSON.stringify(images));
  const places = images.flatMap(({ repository, key }) => [
    `${repository}:${tags.key(key)}`,
    `${repository}:${tags.set(setId)}`,
  ]);
  return {
    setId,
    setIdWith: () => setId,
    images,
    places: images.length === 0 ? [] : [`berth:${tags.set(setId)}`, ...places],
  };
}
