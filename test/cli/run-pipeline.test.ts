/** `--pipeline` where GitLab can be asked: the pipeline's commit, and the images of that. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { login } from "../../src/cli/session.ts";
import { defaultConfig } from "../../src/config/config.ts";
import { realWorld } from "../../src/host/world.ts";
import { ownTags } from "../../src/image/key.ts";
import { parseRepository } from "../../src/oci/reference.ts";
import { makeRepository, temporary } from "../context/repository.ts";
import { pushImage, testImage } from "../registry/clients.ts";
import { berth, plainEnv } from "../support/command.ts";
import { startGitLab } from "../support/gitlab-server.ts";

test("a pipeline that found all in place ran in the images of its commit", async (t) => {
  const gitlab = await startGitLab();
  t.after(() => gitlab.stop());
  const project = gitlab.project("acme/tools", { members: { olga: "maintainer" } });
  project.history.add("main", {});
  const repository = makeRepository(t, { "app.docker": "FROM scratch\nRUN one\n" });
  const then = repository.commit();
  const job = gitlab.job(project, { user: "olga", sha: then });
  const { pipeline, token } = job;

  const { host } = gitlab.registry;
  const { registry } = login({ ...realWorld(), env: job.env }, defaultConfig);
  const where = { cwd: repository.path, env: plainEnv({ HOME: temporary(t) }) };
  const keys = await berth(["key", "--json"], where);
  const { images } = JSON.parse(keys.stdout) as { images: readonly { key: string }[] };
  const image = testImage("then");
  const place = parseRepository(`${host}/acme/tools/app`);
  await pushImage(registry, place, image, ownTags.key(images[0]?.key ?? ""));
  const publish = await berth(["ensure"], { ...where, env: plainEnv({ ...job.env }) });
  assert.match(publish.stdout, /set record: /, publish.stderr);
  repository.write({ "app.docker": "FROM scratch\nRUN two\n" });
  repository.commit();

  const auth = Buffer.from(`gitlab-ci-token:${token}`).toString("base64");
  const env = {
    ...where.env,
    CI_SERVER_URL: gitlab.url,
    BERTH_GITLAB_TOKEN: gitlab.token("olga", "read_api"),
    DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [host]: { auth } } }),
  };
  const base = `${host}/acme/tools`;
  const args = ["--registry", base, "run", "app", "--json", "--pipeline"];
  const told = await berth([...args, String(pipeline.id)], { ...where, env });
  assert.equal(told.code, 0, told.stderr);
  const reference = `${base}/app@${image.manifest.descriptor.digest}`;
  assert.equal(JSON.parse(told.stdout).reference, reference);

  // What it published serves a clone that lacks its commit.
  const shallow = temporary(t);
  repository.run("clone", "--quiet", "--depth=1", `file://${repository.path}`, shallow);
  const without = await berth([...args, String(pipeline.id)], { cwd: shallow, env });
  assert.equal(without.code, 0, without.stderr);
  const { foundBy, reference: recorded } = JSON.parse(without.stdout);
  assert.deepEqual([foundBy, recorded], ["pipeline", reference]);

  const other = await berth([...args, String(pipeline.id + 1)], { ...where, env });
  assert.match(other.stderr, /of pipeline \d+: .*the records in .*\[IMAGE_ABSENT\]\n.*--rev/);
});
