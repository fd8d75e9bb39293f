import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { repositoryId, testScene } from "../support/gitlab-scene.ts";
import { startGitLab } from "../support/gitlab-server.ts";

const scene = await testScene();
const { gitlab, upstream, own, open, tagged } = scene;

describe("settings that a maintainer's token reads", () => {
  test("registry, cleanup policy, protected tags and the allowlist", async () => {
    const names = { name_regex: ".*", name_regex_keep: "latest" };
    upstream.cleanup = { enabled: true, keep_n: 5, older_than: "7d", ...names };
    upstream.tagRules.push({ pattern: "^key-", push: "maintainer", delete: "owner" });
    upstream.allowed.add(scene.fork.id);
    const port = open({ ...own.env, GITLAB_TOKEN: gitlab.token("olga", "read_api") });
    const project = await port.project(upstream.id);
    assert.equal(project?.registry, "enabled");
    assert.equal(project?.forkPipelines, true);
    assert.equal(project?.cleanup?.olderThan, "7d");
    const rule = { id: 1, pattern: "^key-", push: "maintainer", delete: "owner" };
    assert.deepEqual(await port.tagRules(upstream.id), [rule]);
    assert.deepEqual(await port.jobTokenAccess(upstream.id), {
      limited: true,
      projects: [
        { id: upstream.id, path: "acme/Tools" },
        { id: scene.fork.id, path: "jane/Tools" },
      ],
      groups: [],
    });
    upstream.tagRules.length = 0;
    assert.equal(await port.jobTokenAccess("acme/none"), undefined);
  });

  test("a token of too small a scope makes room for the job's own, once and for all", async () => {
    tagged("acme/tools/three", "a", "b", "c");
    const port = open({ ...own.env, GITLAB_TOKEN: gitlab.token("olga", "read_api") });
    const id = await repositoryId(port, upstream.id, "/three");
    gitlab.log.length = 0;
    for (const tag of ["a", "b", "c"])
      assert.deepEqual(await port.deleteTag(upstream.id, id, tag), { kind: "deleted" });
    assert.equal(gitlab.log.length, 4);
  });
});

describe("what a token lacks", () => {
  const secret = () =>
    gitlab.project("acme/secret", { visibility: "private", members: { olga: "maintainer" } });

  test("a private project is hidden from a job of another one, and the error says which token would see it", async () => {
    const { id } = secret();
    await assert.rejects(open(own.env).project(id), {
      code: "GITLAB_DENIED",
      message: /404 Project Not Found/,
      hint: /role Guest, scope read_api\) as variable QEMU_CI_GITLAB_TOKEN/,
    });
    await assert.rejects(open(own.env).branches(id), { code: "GITLAB_DENIED", hint: /allowlist/ });
    const given = open({ ...own.env, GITLAB_TOKEN: gitlab.token("olga", "read_api") });
    assert.equal((await given.project(id))?.visibility, "private");
    assert.equal(await given.project("acme/none"), undefined);
    await assert.rejects(given.branches("acme/none"), { code: "GITLAB_DENIED" });
  });

  test("settings of maintainers name that role", async () => {
    const denied = { code: "GITLAB_DENIED", hint: /role Maintainer/ };
    await assert.rejects(open(own.env).tagRules(upstream.id), denied);
    const weak = open({ ...own.env, GITLAB_TOKEN: gitlab.token("rita", "read_api") });
    const hint = /token in GITLAB_TOKEN needs the role Maintainer/;
    await assert.rejects(weak.tagRules(upstream.id), { code: "GITLAB_DENIED", hint });
  });

  test("a job that has ended has no token any more, and is not asked for twice", async () => {
    const ended = gitlab.job(upstream, { user: "olga" });
    ended.finish();
    const branches = open(ended.env).branches(upstream.id);
    await assert.rejects(branches, { code: "GITLAB_DENIED", hint: /while its job runs/ });
    assert.equal(gitlab.log.length, 1);
  });

  test("an older GitLab keeps pipelines of private projects from job tokens", async () => {
    const old = await startGitLab({ isNew: false });
    const project = old.project("acme/x", { visibility: "private", members: { olga: "owner" } });
    project.history.add("main");
    try {
      const job = old.job(project);
      const pipeline = open(job.env).pipeline(project.id, job.pipeline.id);
      await assert.rejects(pipeline, { code: "GITLAB_DENIED", hint: /older GitLab/ });
    } finally {
      await old.stop();
    }
  });
});
