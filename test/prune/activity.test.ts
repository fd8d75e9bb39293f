/** What is going on in a project, as GitLab tells it to a token. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { GitLab, PipelineFilter } from "../../src/gitlab/client.ts";
import { gitlabActivity } from "../../src/prune/sources.ts";

const since = new Date("2026-11-01T00:00:00Z");
const createdAt = new Date("2026-11-02T00:00:00Z");
const request = { iid: 7, sha: "c7", isFork: true };

/** The activity of a project whose GitLab gives these pipelines for each question, told by what it asks for. */
function activityOf(
  pipelines: Record<string, readonly object[]>,
  requests: readonly object[] = [],
) {
  const asked: string[] = [];
  const gitlab: Partial<GitLab> = {
    openMergeRequests: async () => requests as Awaited<ReturnType<GitLab["openMergeRequests"]>>,
    pipelines: async (_, { updatedAfter, source, status }: PipelineFilter) => {
      const name = status ?? `${source ?? "all"} since ${updatedAfter}`;
      asked.push(name);
      return (pipelines[name] ?? []) as Awaited<ReturnType<GitLab["pipelines"]>>;
    },
  };
  return { asked, ...gitlabActivity({ gitlab: gitlab as GitLab, project: 1 }) };
}

test("pipelines are those of late, children among them, and all that have not ended", async () => {
  const late = `since ${since.toISOString()}`;
  const pipelines = {
    [`all ${late}`]: [{ id: 1, sha: "c1", status: "success", createdAt }],
    [`parent_pipeline ${late}`]: [{ id: 2, sha: "c2", status: "manual", createdAt }],
    running: [{ id: 3, sha: "c3", status: "running", createdAt }],
    waiting_for_resource: [{ id: 4, sha: "c4", status: "waiting_for_resource" }],
  };
  const activity = activityOf(pipelines);
  const begunAt = createdAt.getTime();
  assert.deepEqual(await activity.pipelines(since), [
    { id: 1, commit: "c1", running: false, begunAt },
    { id: 2, commit: "c2", running: true, begunAt },
    { id: 3, commit: "c3", running: true, begunAt },
    { id: 4, commit: "c4", running: true, begunAt: since.getTime() },
  ]);
  const unfinished = ["running", "pending", "created", "preparing", "waiting_for_resource"];
  assert.deepEqual(activity.asked, [`all ${late}`, `parent_pipeline ${late}`, ...unfinished]);
});

test("a pipeline has ended by the states that end one, and by no other that GitLab may name", async () => {
  const late = `all since ${since.toISOString()}`;
  const runs = async (status: string) =>
    (await activityOf({ [late]: [{ id: 1, sha: "c1", status }] }).pipelines(since))?.[0]?.running;
  for (const status of ["success", "failed", "canceled", "skipped"])
    assert.equal(await runs(status), false, status);
  for (const status of ["canceling", "scheduled", "waiting_for_callback", "anything new"])
    assert.equal(await runs(status), true, status);
});

test("merge requests are known only where each tells its commit", async () => {
  const heads = [{ name: "!7", commit: "c7", isFork: true }];
  assert.deepEqual(await activityOf({}, [request]).mergeRequests(), heads);
  const hidden = [request, { iid: 8, sha: undefined, isFork: false }];
  assert.equal(await activityOf({}, hidden).mergeRequests(), undefined);
});
