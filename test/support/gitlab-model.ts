/** What the stand-in of GitLab knows: projects, members, merge requests, pipelines, jobs and tokens. */
import { randomBytes } from "node:crypto";
import { type History, memoryHistory } from "./gitlab-history.ts";

export const roles = { guest: 10, reporter: 20, developer: 30, maintainer: 40, owner: 50 } as const;
export type Role = keyof typeof roles;

/** A project; tests change its settings in place, as people do in GitLab. */
export interface TestProject<H extends History = History> {
  readonly id: number;
  readonly path: string;
  readonly forkedFrom: TestProject | undefined;
  readonly history: H;
  readonly members: Map<string, Role>;
  /** Projects whose job tokens may come in. */
  readonly allowed: Set<number>;
  readonly protectedBranches: Set<string>;
  readonly tagRules: TagProtection[];
  readonly repositoryRules: { readonly pattern: string; readonly push: Role }[];
  readonly requests: TestRequest[];
  /** Branches that have a pipeline schedule which is switched on. */
  readonly schedules: string[];
  visibility: "public" | "internal" | "private";
  registry: "enabled" | "private" | "disabled";
  defaultBranch: string;
  /** Whether only allowed projects may come in; GitLab's default. */
  limitsJobTokens: boolean;
  forkPipelines: boolean;
  cleanup: Readonly<Record<string, unknown>> | undefined;
}

/** A protected container tag rule: RE2 on the tag's name, and the least roles. */
export interface TagProtection {
  readonly pattern: string;
  readonly push: Role;
  readonly delete: Role;
}

export interface TestRequest {
  readonly id: number;
  readonly iid: number;
  readonly source: TestProject;
  readonly sourceBranch: string;
  readonly target: TestProject;
  readonly targetBranch: string;
  state: "opened" | "merged" | "closed";
}

export interface TestPipeline {
  readonly id: number;
  readonly iid: number;
  readonly project: TestProject;
  readonly source: string;
  readonly ref: string;
  readonly sha: string;
  /** Where the branch was before the push; `undefined` where it is new, or nothing was pushed. */
  readonly before: string | undefined;
  readonly user: string;
  readonly createdAt: Date;
  /** The pipeline that started this one as its child. */
  readonly parent: TestPipeline | undefined;
  status: string;
}

export interface JobRecord {
  readonly id: number;
  readonly name: string;
  readonly stage: string;
  readonly pipeline: TestPipeline;
  readonly user: string;
  readonly token: string;
  status: string;
}

/** Who asks. */
export type Identity =
  | { readonly kind: "anonymous" }
  | { readonly kind: "job"; readonly job: JobRecord }
  | { readonly kind: "user"; readonly login: string; readonly scopes: readonly string[] };

export interface Model {
  readonly projects: TestProject[];
  readonly pipelines: TestPipeline[];
  readonly jobs: JobRecord[];
  /** Whose each token is; the token of a job that has ended is not in it. */
  readonly tokens: Map<string, Identity>;
  /** Times of everything that comes into being. */
  now: () => Date;
  /** The next number, for whatever needs one; they differ, so that a mix-up shows. */
  next(kind: string): number;
}

export function makeModel(): Model {
  const last = new Map<string, number>();
  const first: Readonly<Record<string, number>> = { project: 100, pipeline: 5000, job: 90000 };
  return {
    projects: [],
    pipelines: [],
    jobs: [],
    tokens: new Map(),
    now: () => new Date("2026-11-20T12:00:00Z"),
    next(kind) {
      const number = (last.get(kind) ?? first[kind] ?? 0) + 1;
      last.set(kind, number);
      return number;
    },
  };
}

export type ProjectSettings<H extends History = History> = Partial<
  Pick<TestProject, "visibility" | "registry" | "defaultBranch" | "forkPipelines">
> & {
  readonly members?: Readonly<Record<string, Role>>;
  readonly protectedBranches?: readonly string[];
  readonly history?: H;
};

export function addProject(
  model: Model,
  path: string,
  settings: ProjectSettings,
  forkedFrom?: TestProject,
): TestProject {
  const defaultBranch = settings.defaultBranch ?? forkedFrom?.defaultBranch ?? "main";
  const project: TestProject = {
    id: model.next("project"),
    path,
    forkedFrom,
    history: settings.history ?? memoryHistory(forkedFrom?.history),
    members: new Map(Object.entries(settings.members ?? {})),
    allowed: new Set(),
    protectedBranches: new Set(settings.protectedBranches ?? [defaultBranch]),
    tagRules: [],
    repositoryRules: [],
    requests: [],
    schedules: [],
    visibility: settings.visibility ?? forkedFrom?.visibility ?? "public",
    registry: settings.registry ?? "enabled",
    defaultBranch,
    limitsJobTokens: true,
    forkPipelines: settings.forkPipelines ?? true,
    cleanup: undefined,
  };
  model.projects.push(project);
  return project;
}

/** A token that is good from now on, for what is made of it. */
export function newToken(prefix: string): string {
  return `${prefix}-${randomBytes(12).toString("hex")}`;
}

/** By its number or its path, whose capitals do not count. */
export function findProject(model: Model, id: string): TestProject | undefined {
  return model.projects.find(
    (project) => String(project.id) === id || project.path.toLowerCase() === id.toLowerCase(),
  );
}

/** The project that a container repository belongs to: the one with the longest path above it. */
export function projectOfRepository(model: Model, path: string): TestProject | undefined {
  return model.projects
    .filter(({ path: own }) => `${path}/`.startsWith(`${own.toLowerCase()}/`))
    .sort((a, b) => b.path.length - a.path.length)[0];
}
