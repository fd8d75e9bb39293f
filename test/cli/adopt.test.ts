import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import { parseRepository, withTag } from "../../src/oci/reference.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { withAnnotations } from "../../src/publish/annotate.ts";
import { client, pushImage, testImage } from "../registry/clients.ts";
import { berth, type Ended, plainEnv, succeed } from "../support/command.ts";
import { gitHistory } from "../support/gitlab-history.ts";
import type { TestJob } from "../support/gitlab-jobs.ts";
import type { TestProject } from "../support/gitlab-model.ts";
import { startGitLab, type TestGitLab } from "../support/gitlab-server.ts";
import { type Folder, temporaryFolder } from "../support/services.ts";

let gitlab: TestGitLab;
let folder: Folder;
let bare: string;
let clone: string;
let upstream: TestProject;
let env: Record<string, string>;

before(async () => {
  gitlab = await startGitLab();
  folder = await temporaryFolder("berth-adopt-");
  bare = join(folder.path, "tools.git");
  clone = join(folder.path, "tools");
  const identity = ["AUTHOR", "COMMITTER"].flatMap((who) => [
    [`GIT_${who}_NAME`, "Test"],
    [`GIT_${who}_EMAIL`, "test@example.com"],
  ]);
  env = plainEnv({ HOME: folder.path, ...Object.fromEntries(identity) });
  await succeed("git", ["init", "-q", "--bare", "--initial-branch=main", bare], { env });
  await succeed("git", ["clone", "-q", bare, clone], { env });
  await commit({
    "berth.yml":
      "prefix: QEMU_CI\nupstream: acme/tools\nimages:\n  debian: {dockerfile: debian.docker}\n",
    "debian.docker": "FROM scratch\nCOPY debian.docker /\n",
  });
  await git("push", "-q", "origin", "HEAD:main");
  upstream = gitlab.project("acme/tools", {
    members: { olga: "maintainer" },
    history: gitHistory(bare),
  });
});
after(async () => {
  await gitlab?.stop();
  await folder?.remove();
});

function git(...args: readonly string[]): Promise<string> {
  return succeed("git", args, { cwd: clone, env });
}

async function commit(files: Readonly<Record<string, string>>): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(clone, path)), { recursive: true });
    await writeFile(join(clone, path), text);
  }
  await git("add", "-A");
  await git("commit", "-q", "-m", "a change");
  return (await git("rev-parse", "HEAD")).trim();
}

function call(job: TestJob, ...args: readonly string[]): Promise<Ended> {
  return berth(args, { cwd: clone, env: { ...env, ...job.env } });
}

/** A merge request's job that builds what is planned, as an engine would, and keeps its outcome. */
async function tried(sha: string): Promise<TestJob> {
  const request = gitlab.request(upstream, "topic", upstream);
  const source = gitlab.fork(upstream, `jane${request.iid}/tools`);
  const variables = { CI_MERGE_REQUEST_SOURCE_PROJECT_ID: String(source.id) };
  const job = gitlab.job(upstream, { request, sha, user: "olga", variables });
  const planned = await call(job, "plan", "--json");
  assert.equal(planned.code, 0, planned.stderr);
  const plan: Plan = JSON.parse(planned.stdout);
  const registry = client({ username: "gitlab-ci-token", password: job.token });
  for (const { name, key, tag, repository } of plan.images) {
    const place = parseRepository(repository ?? "");
    const image = testImage(`${name} ${job.id}`);
    await pushImage(registry, place, image, `try-${ownTags.built}`);
    const manifest = withAnnotations(image.manifest, {
      "berth.key": ownTags.key(key),
      "berth.job": String(job.id),
      "berth.pipeline": String(job.pipeline.id),
    });
    assert.ok(manifest);
    await registry.put(withTag(place, tag), manifest);
    const { digest } = manifest.descriptor;
    const outcome = { name, key, result: "built", digest, parents: {} };
    job.keep(`.berth/outcome/${name}.json`, JSON.stringify(outcome));
  }
  job.finish();
  return job;
}

test("a merge commit with the files of its merge request adopts the image, and no engine is needed", async () => {
  await git("checkout", "-q", "-b", "topic");
  const head = await commit({ "debian.docker": "FROM scratch\nCOPY debian.docker /1\n" });
  await git("push", "-q", "origin", "topic");
  const job = await tried(head);
  await git("checkout", "-q", "main");
  await git("merge", "-q", "--no-ff", "-m", "merge", "topic");
  await git("push", "-q", "origin", "main");
  const merged = gitlab.job(upstream, { user: "olga" });
  const { code, stdout, stderr } = await call(merged, "ensure");
  assert.equal(code, 0, stderr);
  assert.match(stdout, new RegExp(`adopted: built by job ${job.id} at ${head.slice(0, 12)}`));
  const tags = [...(gitlab.registry.tags.get("acme/tools/debian")?.keys() ?? [])];
  assert.deepEqual(tags.map((tag) => tag.replace(/-[0-9a-f]{64}$/, "")).sort(), [
    "key2",
    "set2",
    "try-built2",
    "try-key2",
  ]);
});

test("a merge that brought more than its merge request had is built, with a line that says why", async () => {
  await git("checkout", "-q", "topic");
  const head = await commit({ "debian.docker": "FROM scratch\nCOPY debian.docker /2\n" });
  await git("push", "-q", "origin", "topic");
  await tried(head);
  await git("checkout", "-q", "main");
  await commit({ "another.txt": "another merge request\n" });
  await git("merge", "-q", "--no-ff", "-m", "merge", "topic");
  await git("push", "-q", "origin", "main");
  const { code, stdout, stderr } = await call(
    gitlab.job(upstream, { user: "olga" }),
    "plan",
    "--json",
  );
  assert.equal(code, 0, stderr);
  assert.equal((JSON.parse(stdout) as Plan).images[0]?.decision.kind, "build");
  const why = `its commit ${head.slice(0, 12)} has other files than this one`;
  assert.match(stderr, new RegExp(`debian: built, not adopted from a merge request: ${why}`));
});
