import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { login } from "../../src/cli/session.ts";
import { defaultConfig } from "../../src/config/config.ts";
import { realWorld } from "../../src/host/world.ts";
import { ownTags, setIdOf } from "../../src/image/key.ts";
import { parseRepository } from "../../src/oci/reference.ts";
import { makeRecord, recordBlobs } from "../../src/plan/record.ts";
import { makeRepository, temporary } from "../context/repository.ts";
import { pushImage, testImage } from "../registry/clients.ts";
import { berth, type Ended, plainEnv } from "../support/command.ts";
import { gitHistory, type History } from "../support/gitlab-history.ts";
import type { TestJob } from "../support/gitlab-jobs.ts";
import type { TestProject } from "../support/gitlab-model.ts";
import { startGitLab, type TestGitLab } from "../support/gitlab-server.ts";

const longAgo = new Date("2020-01-01T00:00:00Z");

interface Keys {
  readonly images: readonly { readonly name: string; readonly key: string }[];
}

interface Report {
  readonly totals: readonly {
    readonly kind: string;
    readonly delete: number;
    readonly keep: number;
  }[];
  readonly doubts: readonly { readonly about: string; readonly why: string }[];
  readonly applied?: {
    readonly deleted: number;
  };
  readonly tags: readonly {
    readonly repository: string;
    readonly tag: string;
    readonly action: string;
    readonly reason: { readonly why: string };
  }[];
}

/** Three commits of a project: two images, then another `app`, then `old` is gone. */
describe("berth prune in a job of GitLab", () => {
  const folder = temporary({ after });
  let clones = 0;
  let commits: string[];
  let keys: Keys["images"][];
  let gitlab: TestGitLab;
  let project: TestProject<History>;
  let job: TestJob;

  const origin = makeRepository({ after }, {}, ["-b", "main"]);
  function commit(files: Readonly<Record<string, string>>): string {
    origin.write(files);
    return origin.commit(longAgo);
  }

  before(async () => {
    origin.run("config", "uploadpack.allowAnySHA1InWant", "true");
    origin.run("config", "uploadpack.allowFilter", "true");
    const old = { "ci/app.docker": "FROM debian:13\nRUN a\n", "ci/old.docker": "FROM debian:13\n" };
    const first = commit(old);
    origin.run("branch", "stable-1");
    const second = commit({ "ci/app.docker": "FROM debian:13\nRUN b\n" });
    origin.run("rm", "-q", "ci/old.docker");
    commits = [first, second, commit({ "ci/app.docker": "FROM debian:13\nRUN c\n" })];
    keys = [];
    for (const one of commits) {
      const { stdout } = await berth(["key", "--rev", one, "--json"], {
        cwd: origin.path,
        env: plainEnv({ HOME: folder }),
      });
      keys.push((JSON.parse(stdout) as Keys).images);
    }
  });

  beforeEach(async (t) => {
    gitlab = await startGitLab();
    project = gitlab.project("acme/tools", {
      members: { olga: "maintainer", dave: "developer", rita: "reporter" },
      history: gitHistory(origin.path),
    });
    job = gitlab.job(project, { user: "dave", source: "schedule" });
    await publish();
    if ("after" in t) t.after(() => gitlab.stop());
  });

  /** What the pipelines of the three commits left behind, long ago. */
  async function publish(): Promise<void> {
    const { registry } = login({ ...realWorld(), env: job.env }, defaultConfig);
    const base = parseRepository(`${gitlab.registry.host}/acme/tools`);
    for (const [index, images] of keys.entries()) {
      for (const { name, key } of images) {
        const repository = parseRepository(`${base.host}/${base.path}/${name}`);
        const image = testImage(`${name} ${key}`);
        await pushImage(registry, repository, image, ownTags.key(key));
        await registry.put({ ...repository, tag: "latest" }, image.manifest);
        await registry.put({ ...repository, tag: refreshed(key, index) }, image.manifest);
      }
      const records = parseRepository(`${base.host}/${base.path}/berth`);
      registry.announce("push", [records]);
      await registry.putBlob(records, recordBlobs.config);
      await registry.putBlob(records, recordBlobs.layer);
      const setId = setIdAt(index);
      const own = images.map(({ name, key }) => {
        const { digest } = testImage(`${name} ${key}`).manifest.descriptor;
        return [name, { kind: "own", digest }] as const;
      });
      const where = { revision: commits[index], pipeline: "1" };
      const record = { setId, tag: undefined, images: new Map(own), ...where };
      await registry.put({ ...records, tag: ownTags.set(setId) }, makeRecord(record, longAgo));
    }
    for (const tags of gitlab.registry.tags.values())
      for (const [name, tag] of tags) tags.set(name, { ...tag, taggedAt: longAgo });
  }

  const setIdAt = (index: number): string =>
    setIdOf((keys[index] ?? []) as Parameters<typeof setIdOf>[0], {
      repository: "{name}",
      upstream: undefined,
    });

  /** A clone of the project, as a job has it. */
  function inClone(how: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    const cwd = join(folder, `clone-${++clones}`);
    origin.run("clone", "-q", ...how, `file://${origin.path}`, cwd);
    return { cwd, env: plainEnv({ HOME: folder, ...job.env, ...env }) };
  }

  async function prune(
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
    depth: readonly string[] = ["--depth", "1"],
  ): Promise<Ended & { readonly report: Report }> {
    const ended = await berth(["prune", "--json", ...args], inClone(depth, env));
    assert.notEqual(ended.stdout, "", ended.stderr);
    return { ...ended, report: JSON.parse(ended.stdout) as Report };
  }

  /** As the pipeline of a commit tags what it refreshed and never promoted. */
  const refreshed = (key: string, index: number): string => `${ownTags.key(key)}-r${index + 1}`;
  const place = (name: string, index: number): string => {
    const found = keys[index]?.find((image) => image.name === name);
    return `${name}:${ownTags.key(found?.key ?? "")}`;
  };
  const doomed = ({ tags }: Report): readonly string[] =>
    tags
      .filter(({ action }) => action === "delete")
      .map(({ repository, tag }) => `${repository}:${tag}`)
      .sort();
  const there = (path: string): readonly string[] =>
    [...(gitlab.registry.tags.get(`acme/tools/${path}`)?.keys() ?? [])].sort();

  const expected = () =>
    [
      place("app", 1),
      `berth:${ownTags.set(setIdAt(1))}`,
      ...keys.flatMap((images, index) =>
        images.map(({ name, key }) => `${name}:${refreshed(key, index)}`),
      ),
    ].sort();

  test("keeps what the head of each kept branch needs, from a shallow clone", async () => {
    const { report, code, stderr } = await prune();
    assert.equal(code, 0, stderr);
    assert.deepEqual(report.doubts, []);
    assert.deepEqual(doomed(report), expected());
  });

  test("deletes exactly what it listed, and nothing the second time", async () => {
    const listed = doomed((await prune()).report);
    const { report, code } = await prune(["--apply"]);
    assert.equal(code, 0);
    assert.equal(report.applied?.deleted, listed.length);
    assert.deepEqual(there("app").includes("latest"), true);
    assert.deepEqual(doomed((await prune()).report), []);
  });

  test("reads a partial clone, whatever tag is left in the settings", async () => {
    const env = { BERTH_CONTAINER_TAG: "latest" };
    const { report } = await prune([], env, ["--filter=blob:none", "--no-checkout"]);
    assert.deepEqual(doomed(report), expected());
  });

  test("branches that may not be listed end the work before anything is deleted", async () => {
    gitlab.fault = ({ path }) =>
      path.endsWith("/repository/branches")
        ? { kind: "answer", answer: () => ({ status: 403, body: "{}" }) }
        : undefined;
    const before = there("app");
    const { code, stdout, stderr } = await berth(["prune", "--apply"], inClone());
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /GITLAB_DENIED/);
    assert.deepEqual(there("app"), before);
  });

  test("who has no GitLab to ask is told how to name one", async () => {
    const unset = { CI_API_V4_URL: "", CI_SERVER_URL: "", CI_REGISTRY_IMAGE: "" };
    const base = `${gitlab.registry.host}/acme/tools`;
    const how = inClone([], unset);
    const { code, stderr } = await berth(["prune", "--registry", base], how);
    assert.equal(code, 64);
    assert.match(
      stderr,
      /GitLab, .* is not known.*set CI_SERVER_URL and a token in BERTH_GITLAB_TOKEN/s,
    );
  });

  test("prunes on a person's machine as docs/quick-start.md says: an address, a token, a login", async () => {
    const { host } = gitlab.registry;
    const token = gitlab.token("dave", "api");
    const auth = Buffer.from(`dave:${token}`).toString("base64");
    const { cwd } = inClone();
    mkdirSync(join(folder, ".docker"), { recursive: true });
    writeFileSync(
      join(folder, ".docker/config.json"),
      JSON.stringify({ auths: { [host]: { auth } } }),
    );
    const env = plainEnv({ HOME: folder, CI_SERVER_URL: gitlab.url, GITLAB_TOKEN: token });
    const args = ["prune", "--registry", `${host}/acme/tools`, "--apply"];
    const { code, stdout, stderr } = await berth(args, { cwd, env });
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^deleted [1-9]\d*, gone already 0, kept at the second look 0, refused 0$/m,
    );
  });

  test("another configuration than the one that the images were built with deletes nothing", async () => {
    const other = join(folder, "other.yml");
    writeFileSync(other, "repository: images/{name}\n");
    const { report, code } = await prune(["--apply", "--config", other]);
    assert.deepEqual(
      report.tags.filter(({ action, tag }) => action === "delete" && !/-r\d+$/.test(tag)),
      [],
    );
    assert.ok(there("app").includes("latest"));
    assert.match(report.doubts[0]?.why ?? "", /same configuration/);
    assert.equal(code, 1);
  });
});
