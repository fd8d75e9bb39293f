import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { login } from "../../src/cli/session.ts";
import { defaultConfig } from "../../src/config/config.ts";
import { realWorld } from "../../src/host/world.ts";
import { parseRepository } from "../../src/oci/reference.ts";
import { makeRepository, temporary } from "../context/repository.ts";
import { pushImage, testImage } from "../registry/clients.ts";
import { berth, plainEnv } from "../support/command.ts";
import type { MemoryHistory } from "../support/gitlab-history.ts";
import type { TestJob } from "../support/gitlab-jobs.ts";
import type { TestProject } from "../support/gitlab-model.ts";
import { startGitLab, type TestGitLab } from "../support/gitlab-server.ts";
import { program } from "../support/programs.ts";

const component = "$CI_SERVER_FQDN/berth-ci/berth";
const tested = `include: [{ component: ${component}/images@0.1.0 }]
check:
  extends: .berth-use
  image: $BERTH_IMAGE_DEBIAN
  script: make
`;

interface Found {
  readonly id: string;
  readonly level: string;
  readonly what: string;
  readonly detail: string;
  readonly todo: string | null;
}

/** Puts an image below upstream's base, as an earlier pipeline did. */
async function push(gitlab: TestGitLab, job: TestJob): Promise<void> {
  const { registry } = login({ ...realWorld(), env: job.env }, defaultConfig);
  const repository = parseRepository(`${gitlab.registry.host}/acme/tools/berth`);
  await pushImage(registry, repository, testImage("record"), "latest");
}

describe("berth doctor", () => {
  const HOME = temporary({ after });
  const bin = join(HOME, "bin");
  let gitlab: TestGitLab;
  let upstream: TestProject<MemoryHistory>;
  before(async () => {
    gitlab = await startGitLab();
    upstream = gitlab.project("acme/tools", { members: { olga: "maintainer" } });
    upstream.history.add("main", {});
    await push(gitlab, gitlab.job(upstream, { user: "olga" }));
    await mkdir(bin);
    await symlink(program("git"), join(bin, "git"));
    await writeFile(join(bin, "buildah"), buildah, { mode: 0o755 });
  });
  after(() => gitlab?.stop());

  /** Says what a buildah that works would say to the questions of the check. */
  const store = { GraphDriverName: "overlay", GraphRoot: "/graph", RunRoot: "/run" };
  const buildah = `#!/bin/sh
[ "$1" = --version ] && echo "buildah version 1.43.1 (image-spec 1.1.0)" || echo '${JSON.stringify(store, undefined, 1)}'
`;

  function repository(config: string, pipeline = tested): string {
    const made = makeRepository(
      { after },
      { "debian.docker": "FROM debian:13-slim\n", "berth.yml": config, ".gitlab-ci.yml": pipeline },
      ["--initial-branch=main"],
    );
    made.commit();
    return made.path;
  }

  const doctor = async (cwd: string, env: Readonly<Record<string, string>>) => {
    const vars = { ...env, PATH: bin, HOME };
    const { code, stdout, stderr } = await berth(["doctor", "--json"], {
      cwd,
      env: { ...plainEnv(vars), ...vars },
    });
    assert.equal(stderr, "");
    const { findings } = JSON.parse(stdout) as { findings: Found[] };
    const levelOf = (id: string) => findings.find((one) => one.id === id)?.level;
    return { code, stdout, findings, levelOf };
  };

  const settings = "images: '*.docker'\nupstream: acme/tools\n";

  test("finds nothing to do in a protected project with a token that may look", async () => {
    const cwd = repository(settings);
    upstream.forkPipelines = false;
    const token = gitlab.token("olga", "read_api");
    const job = gitlab.job(upstream, { user: "olga", variables: { BERTH_GITLAB_TOKEN: token } });
    const before = await doctor(cwd, job.env);
    assert.equal(before.code, 0);
    const todoOf = (check: string) => before.findings.find(({ id }) => id === check)?.todo ?? "";
    assert.equal(before.levelOf("protected-paths"), "warning");
    assert.equal(before.levelOf("protected-tags"), "note");
    assert.equal(before.levelOf("schedules"), "note");
    upstream.schedules.push("main");
    const pattern = /tag name pattern (\S+) /.exec(todoOf("protected-tags"))?.[1] ?? "";
    const [, paths = ""] = todoOf("protected-paths").split("for Maintainers: ");
    for (const path of paths.split(" and "))
      upstream.repositoryRules.push({ pattern: path, push: "maintainer" });
    upstream.tagRules.push({ pattern, push: "maintainer", delete: "maintainer" });

    const { code, findings, stdout } = await doctor(cwd, job.env);
    assert.equal(code, 0);
    const bad = findings.filter(({ level }) => level !== "ok");
    assert.deepEqual(bad, []);
    assert.ok(!stdout.includes(token) && !stdout.includes(job.token));
    const created = [...gitlab.created].filter((path) => path.startsWith("acme/tools"));
    assert.deepEqual(created, ["acme/tools/berth"]);
  });

  test("warns where no job of the project's pipeline runs in its schedules", async () => {
    const pipeline = `${tested}  rules: [{ if: $CI_PIPELINE_SOURCE != "schedule" }]\n`;
    const cwd = repository(settings, pipeline);
    const { levelOf } = await doctor(cwd, gitlab.job(upstream, { user: "olga" }).env);
    assert.equal(levelOf("schedules"), "warning");
  });

  test("tells a fork of a private project what to ask for, and makes nothing", async () => {
    const closed = gitlab.project("acme/closed", { visibility: "private" });
    closed.history.add("main", {});
    const fork = gitlab.fork(closed, "jane/closed", { members: { jane: "owner" } });
    const cwd = repository("images: '*.docker'\nupstream: acme/closed\n");
    const { code, levelOf, findings } = await doctor(cwd, gitlab.job(fork).env);
    assert.equal(code, 0);
    assert.equal(levelOf("upstream-rights"), "warning");
    assert.equal(levelOf("protected-tags"), "ok");
    assert.equal(levelOf("own-rights"), "note");
    const todo = findings.find(({ id }) => id === "upstream-rights")?.todo ?? "";
    assert.match(todo, /add jane\/closed under Settings > CI\/CD > Job token permissions/);
    const created = [...gitlab.created].filter((path) => path.includes("closed"));
    assert.deepEqual(created, []);
  });

  test("ends with 1 where something is wrong, and looks at the rest all the same", async () => {
    const cwd = repository("images: '*.docker'\nreferense: set\n");
    const job = gitlab.job(upstream, { user: "olga" });
    const { code, findings, levelOf } = await doctor(cwd, {
      ...job.env,
      BERTH_CONTAINER_TAG: "-no-tag",
    });
    assert.equal(code, 1);
    const [first] = findings;
    assert.equal(first?.id, "configuration");
    assert.match(first.detail, /berth\.yml:2:1: .*referense/);
    assert.equal(levelOf("container-tag"), "error");
    assert.equal(levelOf("own-rights"), "ok");
    assert.equal(levelOf("engine"), "ok");

    const unknown = await doctor(cwd, { ...job.env, BERTH_ENGINE: "kaniko" });
    const engine = unknown.findings.find(({ id }) => id === "engine");
    assert.equal(engine?.level, "error");
    assert.match(
      `${engine.detail}; ${engine.todo}`,
      /BERTH_ENGINE: kaniko is no engine; give one of/,
    );
    assert.equal(unknown.levelOf("own-rights"), "ok");
  });

  test("does what it can on a person's machine, and says what it could not check", async () => {
    const cwd = repository(settings);
    const { code, levelOf, findings } = await doctor(cwd, {});
    assert.equal(code, 0);
    assert.equal(levelOf("configuration"), "ok");
    assert.equal(levelOf("registry"), "note");
    assert.equal(levelOf("own-rights"), "note");
    assert.ok(findings.every(({ level }) => level === "ok" || level === "note"));
  });

  test("shows the jobs of the pipelines with --pipelines, and a mistake in them with its line", async () => {
    const job =
      "lint: { needs: [], image: $BERTH_IMAGE_DEBIAN, script: make }\nscan: { script: a, rules: [{ if: $TOKEN, exists: [debian.docker] }] }\n";
    const cwd = repository(settings, `${tested}${job}`);
    const env = plainEnv({ PATH: bin, HOME });
    const { code, stdout } = await berth(["doctor", "--pipelines", "--variable", "TOKEN=1"], {
      cwd,
      env,
    });
    assert.equal(code, 1);
    assert.match(stdout, /^ +SITUATION +PIPELINE\n1 {2}push to main +\d jobs$/m);
    assert.match(stdout, /^check +debian +R /m);
    assert.match(stdout, /^lint +\(empty\) \(!\) +R /m);
    assert.match(stdout, /^scan .* R /m);
    assert.match(stdout, /\nwithout-plan:\n {2}\.gitlab-ci\.yml:6: lint: image empty/);
    const json = await berth(["doctor", "--pipelines", "--json"], { cwd, env });
    const { situations } = JSON.parse(json.stdout).pipelines;
    assert.equal(situations[0].title, "push to main");
    assert.equal(situations[0].project, "acme/tools");
    const wrong = await berth(["doctor", "--variable", "TOKEN"], { cwd, env });
    assert.equal(wrong.code, 64);
  });

  test("takes a clone's project from its remotes where nothing else tells", async () => {
    const cwd = repository("images: '*.docker'\n");
    const git = realWorld().openGit(cwd);
    const address = "git@gitlab.example.com:Acme/Tools.git";
    await (await git).run(["remote", "add", "origin", address]);
    const env = plainEnv({ PATH: bin, HOME });
    const { stdout } = await berth(["doctor", "--pipelines", "--json"], { cwd, env });
    assert.equal(JSON.parse(stdout).pipelines.situations[0].project, "Acme/Tools");
  });

  test("prints a table, the worst first", async () => {
    const cwd = repository(settings);
    const env = plainEnv({ PATH: bin, HOME, BERTH_FORCE_REBUILD: "fedora" });
    const { code, stdout } = await berth(["doctor"], { cwd, env });
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^LEVEL +CHECK +FOUND\nerror +force-rebuild +BERTH_FORCE_REBUILD names fedora/,
    );
    assert.match(stdout, /\nok: configuration, images, .*without-plan/);
    assert.match(stdout, /\nforce-rebuild:\n {2}The images are: debian\n {2}to do: give names/);
  });
});
