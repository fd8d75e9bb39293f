/** The port to GitLab against the stand-in, with a clock that does not wait. */
import assert from "node:assert/strict";
import { after, beforeEach } from "node:test";
import { type GitLab, openGitLab } from "../../src/gitlab/client.ts";
import { accessOf } from "../../src/gitlab/rights.ts";
import type { GitLabTools } from "../../src/gitlab/send.ts";
import { httpFetch } from "../../src/host/fetch.ts";
import type { MemoryHistory } from "./gitlab-history.ts";
import type { TestJob } from "./gitlab-jobs.ts";
import type { TestProject } from "./gitlab-model.ts";
import { startGitLab, type TestGitLab } from "./gitlab-server.ts";

/** A GitLab with an upstream project, a fork, and a maintainer's job under way in upstream. */
export interface Scene {
  readonly gitlab: TestGitLab;
  readonly upstream: TestProject<MemoryHistory>;
  readonly fork: TestProject<MemoryHistory>;
  readonly own: TestJob;
  /** How long the port waited, in milliseconds. */
  readonly waits: number[];
  /** Opens the port in a job's environment. */
  open(env: Readonly<Record<string, string | undefined>>, change?: Partial<GitLabTools>): GitLab;
  /** Puts tags into a repository, as pushes would. */
  tagged(path: string, ...tags: readonly string[]): void;
}

/** The scene of one test file; before each test nothing was pushed or asked, and nothing goes wrong. */
export async function testScene(): Promise<Scene> {
  const gitlab = await startGitLab();
  const upstream = gitlab.project("acme/Tools", {
    members: { olga: "maintainer", rita: "reporter" },
  });
  upstream.history.add("main", { at: new Date("2026-11-01T00:00:00Z") });
  const fork = gitlab.fork(upstream, "jane/Tools", { members: { jane: "owner" } });
  const own = gitlab.job(upstream, { user: "olga" });
  const waits: number[] = [];
  const clock = {
    now: () => new Date("2026-11-20T12:00:00Z"),
    sleep: async (milliseconds: number) => void waits.push(milliseconds),
    startTimer: () => ({ cancel: () => undefined }),
  };
  const tools = { fetch: httpFetch, clock, random: () => 0, log: () => undefined };
  after(() => gitlab.stop());
  beforeEach(() => {
    gitlab.fault = () => undefined;
    gitlab.log.length = 0;
    gitlab.registry.tags.clear();
    waits.length = 0;
  });
  return {
    gitlab,
    upstream,
    fork,
    own,
    waits,
    open(env, change) {
      const access = accessOf(env, "QEMU_CI");
      assert.ok(access);
      return openGitLab(access, { ...tools, ...change });
    },
    tagged(path, ...tags) {
      const digest = `sha256:${"d".repeat(64)}`;
      const taggedAt = new Date("2026-11-19T00:00:00Z");
      const all = tags.map((tag) => [tag, { digest, taggedAt }] as const);
      gitlab.registry.tags.set(path, new Map(all));
    },
  };
}

/** The number of one container repository. */
export async function repositoryId(gitlab: GitLab, project: number, end: string): Promise<number> {
  const all = await gitlab.repositories(project);
  const found = all.find(({ path }) => path.endsWith(end));
  assert.ok(found);
  return found.id;
}
