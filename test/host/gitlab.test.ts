import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, beforeEach, describe, test } from "node:test";
import { promisify } from "node:util";
import { ownTags } from "../../src/image/key.ts";
import { list, repositoryId, type Scene, startScene } from "../support/gitlab-scene.ts";
import { startGitLab, type TestGitLab } from "../support/gitlab-server.ts";

let scene: Scene;
let gitlab: TestGitLab;
let upstream: Scene["upstream"];
let own: Scene["own"];
let open: Scene["open"];
let tagged: Scene["tagged"];

before(async () => {
  scene = await startScene();
  ({ gitlab, upstream, own, open, tagged } = scene);
});
after(() => scene.gitlab.stop());
beforeEach(() => {
  gitlab.fault = () => undefined;
  gitlab.log.length = 0;
  scene.waits.length = 0;
});

describe("what a job token is told", () => {
  test("the job that it belongs to, with its pipeline", async () => {
    const job = await open(own.env).currentJob();
    assert.equal(job?.id, own.id);
    assert.equal(job?.user, "olga");
    assert.equal(job?.pipeline.project, upstream.id);
    assert.equal(job?.pipeline.source, "push");
    assert.equal(job?.commit, own.env["CI_COMMIT_SHA"]);
    assert.deepEqual(gitlab.log, ["GET /api/v4/job"]);
  });

  test("outside of a job there is none, and nothing is asked", async () => {
    assert.equal(await open({ CI_SERVER_URL: gitlab.url }).currentJob(), undefined);
    assert.deepEqual(gitlab.log, []);
  });

  test("a public project and what it was forked from, as anybody is", async () => {
    const project = await open(own.env).project("jane/Tools");
    assert.equal(project?.path, "jane/Tools");
    assert.deepEqual(project?.forkedFrom, { id: upstream.id, path: "acme/Tools" });
    assert.equal(project?.registry, undefined);
  });

  test("pipelines and their jobs", async () => {
    const port = open(own.env);
    const jobs = await list(port.jobs(upstream.id, own.pipeline.id));
    assert.deepEqual(
      jobs.map(({ id }) => id),
      [own.id],
    );
    assert.equal((await port.pipeline(upstream.id, own.pipeline.id))?.status, "running");
    const running = await list(port.pipelines(upstream.id, { status: "running" }));
    assert.ok(running.some(({ id }) => id === own.pipeline.id));
    assert.deepEqual(await list(port.pipelines(upstream.id, { sha: "f".repeat(40) })), []);
  });

  test("absence is no value", async () => {
    const port = open(own.env);
    assert.equal(await port.pipeline(upstream.id, 1), undefined);
    assert.equal(await port.commit(upstream.id, "f".repeat(40)), undefined);
    assert.equal(await port.mergeRequest(upstream.id, 99), undefined);
    assert.equal(await port.tag(upstream.id, 99, "x"), undefined);
  });
});

describe("history", () => {
  test("branches come with heads and protection, over several pages", async () => {
    for (let number = 0; number < 150; number++)
      scene.fork.history.point(`topic-${number}`, "main");
    const branches = await list(open(own.env).branches(scene.fork.id));
    assert.equal(branches.length, 151);
    const main = branches.find(({ name }) => name === "main");
    assert.equal(main?.protected, true);
    assert.equal(main?.default, true);
    assert.equal(main?.commit, upstream.history.heads().get("main"));
    assert.equal(gitlab.log.length, 2);
  });

  test("commits of a branch since a time, and the newest common one of two", async () => {
    const old = upstream.history.heads().get("main") ?? "";
    upstream.history.point("topic", "main");
    const tip = upstream.history.add("topic", { at: new Date("2026-11-10T00:00:00Z") });
    const head = upstream.history.add("main", { at: new Date("2026-11-11T00:00:00Z") });
    const port = open(own.env);
    const since = new Date("2026-11-05T00:00:00Z");
    const commits = await list(port.commits(upstream.id, "main", since));
    assert.deepEqual(
      commits.map(({ id, parents }) => [id, parents]),
      [[head, [old]]],
    );
    assert.equal(await port.mergeBase(upstream.id, tip, head), old);
    assert.equal(
      (await port.commit(upstream.id, tip))?.committedAt.toISOString(),
      "2026-11-10T00:00:00.000Z",
    );
  });

  test("a branch that is not there is an error and no empty history", async () => {
    const commits = list(open(own.env).commits(upstream.id, "gone", new Date(0)));
    await assert.rejects(commits, { code: "GITLAB_REFUSED", message: /commits on gone.*404/ });
  });

  test("open merge requests, with their commits where one is asked for", async () => {
    scene.fork.history.add("topic-1");
    const request = gitlab.request(scene.fork, "topic-1", upstream);
    gitlab.request(scene.fork, "topic-2", upstream).state = "closed";
    const port = open(own.env);
    const listed = await list(port.openMergeRequests(upstream.id));
    assert.deepEqual(
      listed.map(({ iid, sourceProject }) => [iid, sourceProject]),
      [[request.iid, scene.fork.id]],
    );
    assert.equal(listed[0]?.diff, undefined);
    const one = await port.mergeRequest(upstream.id, request.iid);
    assert.equal(one?.diff?.head, scene.fork.history.heads().get("topic-1"));
    assert.equal(one?.diff?.start, upstream.history.heads().get("main"));
  });
});

describe("the container registry", () => {
  test("repositories with the number of their tags, and every tag by keyset pages", async () => {
    const names = Array.from({ length: 250 }, (_, index) =>
      ownTags.key(String(index).padStart(3, "0")),
    );
    tagged("acme/tools/base", ...names);
    const port = open(own.env);
    const [base, ...others] = await list(port.repositories(upstream.id));
    assert.ok(base);
    assert.deepEqual(others, []);
    assert.equal(base.tagsCount, 250);
    assert.equal(base.location, `${gitlab.registry.host}/acme/tools/base`);
    gitlab.log.length = 0;
    assert.deepEqual(await list(port.tags(upstream.id, base.id)), names);
    assert.equal(gitlab.log.length, 3);
    const tag = await port.tag(upstream.id, base.id, ownTags.key("007"));
    assert.equal(tag?.createdAt?.toISOString(), "2026-11-19T00:00:00.000Z");
    assert.equal(tag?.totalSize, 1234);
  });

  test("a registry without metadata database is listed by numbers of pages", async () => {
    const old = await startGitLab({ hasDatabase: false });
    const project = old.project("acme/tools", { members: { olga: "maintainer" } });
    project.history.add("main");
    const names = Array.from({ length: 120 }, (_, index) => `t${1000 + index}`);
    const image = { digest: `sha256:${"e".repeat(64)}`, taggedAt: new Date(0), size: 1 };
    old.registry.tags.set("acme/tools/base", new Map(names.map((name) => [name, image])));
    try {
      const port = open(old.job(project).env);
      const [base] = await list(port.repositories(project.id));
      old.log.length = 0;
      assert.deepEqual(await list(port.tags(project.id, base?.id ?? 0)), names);
      assert.deepEqual(
        old.log.map((line) => /[?&](page=\d|pagination=\w+)/.exec(line)?.[1]),
        ["pagination=keyset", undefined, "page=2"],
      );
      assert.equal((await port.tag(project.id, base?.id ?? 0, "t1000"))?.createdAt, undefined);
    } finally {
      await old.stop();
    }
  });

  test("one tag is deleted and the others of its image stay", async () => {
    tagged("acme/tools/one", "a", "b");
    const port = open(own.env);
    const id = await repositoryId(port, upstream.id, "/one");
    assert.deepEqual(await port.deleteTag(upstream.id, id, "a"), { kind: "deleted" });
    assert.deepEqual(await port.deleteTag(upstream.id, id, "a"), { kind: "gone" });
    assert.deepEqual(await list(port.tags(upstream.id, id)), ["b"]);
    assert.deepEqual(await list(port.tags(upstream.id, 12345)), []);
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

  test("a reporter's job may list and not delete", async () => {
    tagged("acme/tools/two", "x");
    const port = open(gitlab.job(upstream, { user: "rita" }).env);
    const [first] = await list(port.repositories(upstream.id));
    const deletion = await port.deleteTag(upstream.id, first?.id ?? 0, "x");
    assert.match(deletion.kind === "refused" ? deletion.hint : "", /role Developer/);
  });
});

test("a hundred thousand tags are listed one request a page, and none is kept", async () => {
  const many = gitlab.project("acme/many", { members: { olga: "owner" } });
  many.history.add("main");
  const numbers = Array.from({ length: 5000 }, (_, index) => String(index).padStart(64, "0"));
  const names = numbers.map((number) => ownTags.key(number));
  for (let number = 0; number < 20; number++) tagged(`acme/many/i${number}`, ...names);
  const script = `
    import { accessOf } from "./src/gitlab/access.ts";
    import { openGitLab } from "./src/host/gitlab.ts";
    const clock = { now: () => new Date(), sleep: async () => undefined };
    const tools = { fetch, clock, random: Math.random, log: () => undefined };
    const gitlab = openGitLab(accessOf(process.env, "CI"), tools);
    let tags = 0;
    const live = [];
    for await (const { id } of gitlab.repositories("acme/many")) {
      for await (const _ of gitlab.tags("acme/many", id)) tags += 1;
      gc();
      live.push(process.memoryUsage().heapUsed / 1e6);
    }
    console.log(JSON.stringify({ tags, early: live[4], late: live[19] }));`;
  const env = { ...gitlab.job(many).env, PATH: process.env["PATH"] };
  const args = ["--expose-gc", "--input-type=module", "-e", script];
  const cwd = `${import.meta.dirname}/../..`;
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, env });
  const seen = JSON.parse(stdout) as { tags: number; early: number; late: number };
  assert.equal(seen.tags, 100_000);
  assert.equal(gitlab.log.length, 1 + 20 * 50);
  assert.ok(seen.late < 60 && seen.late - seen.early < 5, stdout);
});
