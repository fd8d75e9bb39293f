import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { repositoryId, testScene } from "../support/gitlab-scene.ts";

const scene = await testScene();
const { gitlab, upstream, own, open, tagged } = scene;

describe("what a job token is told", () => {
  test("a public project and what it was forked from, as anybody is", async () => {
    const project = await open(own.env).project("jane/Tools");
    assert.equal(project?.path, "jane/Tools");
    assert.deepEqual(project?.forkedFrom, { id: upstream.id, path: "acme/Tools" });
    assert.equal(project?.registry, undefined);
  });

  test("pipelines and their jobs", async () => {
    const port = open(own.env);
    const [job, ...others] = await port.jobs(upstream.id, own.pipeline.id);
    assert.deepEqual([job?.status, others], ["running", []]);
    assert.equal((await port.pipeline(upstream.id, own.pipeline.id))?.status, "running");
    const running = await port.pipelines(upstream.id, { status: "running" });
    assert.ok(running.some(({ id }) => id === own.pipeline.id));
    assert.deepEqual(await port.pipelines(upstream.id, { status: "preparing" }), []);
  });

  test("absence is no value", async () => {
    const port = open(own.env);
    assert.equal(await port.pipeline(upstream.id, 1), undefined);
    assert.equal(await port.tag(upstream.id, 99, "x"), undefined);
  });
});

describe("what pipelines are made of", () => {
  /** Lets the stand-in answer with this once. */
  const answering = (status: number, value: unknown): void => {
    const body = JSON.stringify(value);
    gitlab.fault = () => ({ kind: "answer", answer: () => ({ status, body, headers: {} }) });
  };
  test("the files of a commit, joined, where GitLab takes them", async () => {
    answering(200, { valid: true, errors: [], merged_yaml: "check: {}\n" });
    assert.equal(await open(own.env).mergedYaml(7, "abc"), "check: {}\n");
    assert.deepEqual(gitlab.log, ["GET /api/v4/projects/7/ci/lint?dry_run=false&content_ref=abc"]);
    answering(200, { valid: false, errors: ["jobs config"], merged_yaml: null });
    assert.equal(await open(own.env).mergedYaml(7, "abc"), undefined);
  });
});

describe("history", () => {
  test("branches come with heads, over several pages", async () => {
    for (let number = 0; number < 150; number++)
      scene.fork.history.point(`topic-${number}`, "main");
    const branches = await open(own.env).branches(scene.fork.id);
    assert.equal(branches.length, 151);
    const main = branches.find(({ name }) => name === "main");
    assert.equal(main?.commit, upstream.history.heads().get("main"));
    assert.equal(gitlab.log.length, 2);
  });

  test("open merge requests", async () => {
    const head = scene.fork.history.add("topic-1");
    const request = gitlab.request(scene.fork, "topic-1", upstream);
    gitlab.request(scene.fork, "topic-2", upstream).state = "closed";
    const listed = await open(own.env).openMergeRequests(upstream.id);
    assert.deepEqual(listed, [{ iid: request.iid, sha: head, isFork: true }]);
  });
});

describe("the container registry", () => {
  test("its repositories, and when a tag of them was put", async () => {
    tagged("acme/tools/base", "a");
    const port = open(own.env);
    const [base, ...others] = await port.repositories(upstream.id);
    assert.ok(base);
    assert.deepEqual([base.path, others], ["acme/tools/base", []]);
    const tag = await port.tag(upstream.id, base.id, "a");
    assert.equal(tag?.createdAt?.toISOString(), "2026-11-19T00:00:00.000Z");
  });

  test("one tag is deleted and the others of its image stay", async () => {
    tagged("acme/tools/one", "a", "b");
    const port = open(own.env);
    const id = await repositoryId(port, upstream.id, "/one");
    assert.deepEqual(await port.deleteTag(upstream.id, id, "a"), { kind: "deleted" });
    assert.deepEqual(await port.deleteTag(upstream.id, id, "a"), { kind: "gone" });
    assert.deepEqual([...(gitlab.registry.tags.get("acme/tools/one")?.keys() ?? [])], ["b"]);
  });

  test("a protected tag is refused with GitLab's words and what it takes", async () => {
    tagged("acme/tools/two", "latest");
    upstream.tagRules.push({ pattern: "^latest$", push: "owner", delete: "owner" });
    const port = open(own.env);
    const id = await repositoryId(port, upstream.id, "/two");
    const deletion = await port.deleteTag(upstream.id, id, "latest");
    assert.equal(deletion.kind, "refused");
    assert.equal(deletion.kind === "refused" && deletion.said, "403 Forbidden");
    assert.match(deletion.kind === "refused" ? deletion.hint : "", /rule/);
    upstream.tagRules.length = 0;
  });
});
