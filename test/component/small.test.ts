/** The other consumer projects: one image inline, with either engine, and QEMU's unchanged image lines. */
import assert from "node:assert/strict";
import { link, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startDockerd } from "../support/dockerd.ts";
import { type Consumer, consumer, openPlatform, type Platform, passed } from "./platform.ts";

let platform: Platform;
before(async () => {
  platform = await openPlatform();
});
after(() => platform.stop());

test("one job builds the image of a small project, and the next run builds nothing", async () => {
  const project = await consumer(platform, "single", "acme/tools");
  const first = passed(await project.pipeline());
  assert.match(first.jobs["berth-images"] ?? "", /^tools +build +built/m);
  assert.equal(first.jobs["test"], "tools 1\n");
  assert.match(first.jobs["berth-promote"] ?? "", /latest: moved on 1 image/);
  const second = passed(await project.pipeline());
  assert.match(second.jobs["berth-images"] ?? "", /nothing to do/);
  assert.equal(second.jobs["test"], "tools 1\n");
});

test("QEMU's own image lines run in the set that was planned", async () => {
  const project = await consumer(platform, "own-tag", "qemu-project/qemu");
  const pipeline = passed(await project.pipeline());
  assert.equal(pipeline.jobs["build-system-debian"], "debian 1\n");
  assert.equal(pipeline.jobs["cross-arm64-system"], "debian-arm64-cross 1\n");
  const fork = await consumer(platform, "own-tag", "alice/qemu");
  const copied = passed(await fork.pipeline());
  assert.equal(copied.jobs["berth build debian"], undefined);
  assert.match(
    copied.stdout,
    /build-system-debian +starting \S+\/alice\/qemu\/qemu\/debian:set\d+-/,
  );
  assert.equal(copied.jobs["build-system-debian"], "debian 1\n");
});

test("the docker engine waits for a daemon that is late, and builds in it", async () => {
  const project = await consumer(platform, "single", "acme/late");
  await useDocker(project);
  const folder = join(platform.folder, "late");
  await mkdir(folder);
  const running = project.pipeline(
    { DOCKER_HOST: `unix://${folder}/docker.sock`, DOCKER_TLS_VERIFY: "", DOCKER_CERT_PATH: "" },
    [`--volume=${folder}:${folder}`],
  );
  await sleep(6_000);
  const late = await startDockerd([platform.bases.host, platform.registry.host]);
  try {
    await link(late.host.replace("unix://", ""), join(folder, "docker.sock"));
    const pipeline = passed(await running);
    assert.match(pipeline.jobs["berth-images"] ?? "", /^tools +build +built/m);
    assert.equal(pipeline.jobs["test"], "tools 1\n");
  } finally {
    await late.stop();
  }
});

/**
 * Includes the component with the docker engine, and takes the service out: no container of a test may be
 * privileged, and on the host's network none may have an alias. The daemon runs outside instead, its socket in
 * a folder that jobs see.
 */
async function useDocker(project: Consumer): Promise<void> {
  const text = await readFile(join(project.path, ".gitlab-ci.yml"), "utf8");
  const inputs = text.replace(/images@.*/, "$&\n    inputs: { engine: docker }");
  await project.write(".gitlab-ci.yml", `${inputs}\n.berth-service-docker:\n  services: []\n`);
  await project.commit();
}
