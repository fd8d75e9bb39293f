/** Jobs of an upstream project and of a fork, as GitLab describes them. */
import type { JobFacts, RefFacts } from "../support/job-facts.ts";
import { jobVariables, type Variables } from "../support/job-variables.ts";
import { config } from "../support/keyed.ts";

const server = { url: "https://gitlab.example.com", registry: "registry.example.com" };

export const projects = {
  upstream: { id: 1, path: "qemu-project/qemu" },
  fork: { id: 2, path: "alice/qemu" },
} as const;

export type ProjectName = keyof typeof projects;

export const registryOf = {
  upstream: "registry.example.com/qemu-project/qemu",
  fork: "registry.example.com/alice/qemu",
} as const;

/** The part of QEMU's configuration that says where images go. */
export const qemu = config({
  upstream: "qemu-project",
  repository: "qemu/{name}",
  reference: "tag",
  publish: [
    { branch: "staging", tag: "latest" },
    { branch: "{default}", tag: "latest" },
    { branch: "staging-*", tag: "{slug}" },
  ],
});

export const shas = {
  head: "a".repeat(40),
  target: "b".repeat(40),
  merged: "c".repeat(40),
  base: "d".repeat(40),
} as const;

export interface Started {
  /** `CI_PIPELINE_SOURCE`; what fits the ref where it is not given. */
  readonly by?: string;
  readonly user?: string;
  readonly variables?: Variables;
  readonly pipeline?: number;
}

export function branch(name: string, isProtected = false): RefFacts {
  return { kind: "branch", name, protected: isProtected };
}

export function tag(name: string, isProtected = true): RefFacts {
  return { kind: "tag", name, protected: isProtected };
}

type Request = Extract<RefFacts, { kind: "merge-request" }>;

export function mergeRequest(
  from: ProjectName,
  event: Request["event"] = "detached",
  change: Partial<Request["request"]> & Pick<Request, "protectsRequests"> = {},
): RefFacts {
  const { protectsRequests = false, ...more } = change;
  const request = {
    id: 70,
    iid: 7,
    source: projects[from],
    target: projects.upstream,
    sourceBranch: "topic",
    targetBranch: "master",
    targetProtected: true,
    head: shas.head,
    targetHead: shas.target,
    base: shas.base,
    ...more,
  };
  return { kind: "merge-request", request, event, protectsRequests };
}

/** The variables of a job in a project. */
export function jobIn(project: ProjectName, ref: RefFacts, started: Started = {}): Variables {
  const usual = ref.kind === "merge-request" ? "merge_request_event" : "push";
  const isMerged = ref.kind === "merge-request" && ref.event !== "detached";
  const facts: JobFacts = {
    server,
    project: {
      ...projects[project],
      defaultBranch: "master",
      visibility: "public",
      hasRegistry: true,
    },
    ref,
    commit: { sha: isMerged ? shas.merged : shas.head },
    pipeline: { id: started.pipeline ?? 100, iid: 1, source: started.by ?? usual },
    job: { id: 1000, name: "images", stage: "containers", token: "secret" },
    user: { id: 5, login: started.user ?? "alice" },
    variables: started.variables ?? {},
  };
  return jobVariables(facts);
}
