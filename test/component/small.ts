/** The other consumer projects: one image inline, with either engine, and QEMU's unchanged image lines. */
import assert from "node:assert/strict";
import { link, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Actor, forkOf } from "../lives/actor.ts";
import { tagged } from "../lives/look.ts";
import type { RunPipeline } from "../platform/coordinator/jobs.ts";
import { exampleProject } from "../platform/coordinator/platform.ts";
import { jobsOf, passed, type Ran, rested, run, traceOf } from "../platform/coordinator/ran.ts";
import { platform } from "../platform/released.ts";
import { pushBusybox } from "../support/bases.ts";
import { startDockerd } from "../support/dockerd.ts";
import { startMemoryRegistry } from "../support/memory-registry.ts";
import { until } from "../support/processes.ts";

const members = { olga: "maintainer" } as const;

test("one job builds the image of a small project, the test runs in it, and latest leads to it", async () => {
  const tools = await exampleProject(platform, "single", "acme/small", { members });
  const first = passed(await run(platform, tools.project));
  assert.match(first.outputs["berth-images"] ?? "", /^tools +build +built/m);
  assert.equal(first.outputs["test"], "tools 1\n");
  assert.match(first.outputs["berth-promote"] ?? "", /latest: moved on 1 image/);
  const digest = tagged(platform, "acme/small/tools", "latest");
  assert.match(digest ?? "", /^sha256:/);
  assert.equal(first.images["test"], digest);

  await tools.commit("main", { "README.md": "another\n" });
  const second = passed(await run(platform, tools.project));
  assert.match(second.outputs["berth-images"] ?? "", /nothing to do/);
  assert.equal(second.outputs["test"], "tools 1\n");
  assert.equal(second.images["test"], digest);
});

test("a registry that is down for a while costs a job, which is tried again, and nothing else", async () => {
  let pipeline: RunPipeline | undefined;
  const attempts = () => pipeline?.jobs[0]?.attempts.length ?? 0;
  const down = { kind: "answer", answer: () => ({ status: 503 }) } as const;
  let isUp = true;
  const bases = await startMemoryRegistry({
    fault: () => (isUp || attempts() > 1 ? undefined : down),
  });
  try {
    await pushBusybox(bases.host, "library/debian", "1");
    isUp = false;
    const weather = await exampleProject(platform, "single", "acme/weather", { members });
    const dockerfile = `FROM ${bases.host}/library/debian:1\nRUN echo "tools 1" > /etc/ci-image\n`;
    await weather.commit("main", { "ci/tools.docker": dockerfile });
    pipeline = await platform.start(weather.project);
    const { outputs } = passed(await rested(platform, pipeline));
    const ends = pipeline.jobs[0]?.attempts.map(({ end }) => end?.exitCode);
    assert.deepEqual(ends, [75, 0]);
    assert.equal(outputs["test"], "tools 1\n");
  } finally {
    await bases.stop();
  }
});

test("QEMU's own image lines run in the set that was planned, or in what a user's tag and upstream make of it", async () => {
  const upstream = await exampleProject(platform, "own-tag", "qemu-project/qemu", { members });
  const first = passed(await run(platform, upstream.project));
  const { images, outputs } = first;
  assert.equal(outputs["build-system-debian"], "debian 1\n");
  assert.equal(outputs["cross-arm64-system"], "debian-arm64-cross 1\n");
  const line = "build-system-debian";
  assert.match(imageLine(first, line), /\/qemu-project\/qemu\/qemu\/debian:set\d+-\w+$/);

  const fork = await forkOf(platform.ground, upstream, "alice");
  const variables = { QEMU_CI_CONTAINER_TAG: "my-tag", QEMU_CI_UPSTREAM: "alice" };
  const copied = passed(await run(platform, fork.project, { variables }));
  assert.equal(copied.outputs["berth build debian"], undefined);
  assert.equal(copied.images[line], images[line]);
  assert.match(imageLine(copied, line), /\/alice\/qemu\/qemu\/debian:my-tag$/);
  // Who names itself upstream has a tag to move, in its own registry.
  assert.match(copied.outputs["berth-promote"] ?? "", /latest: moved on 2 images/);
});

/** The image that a job ran in, as its runner was told. */
function imageLine({ pipeline }: Ran, name: string): string {
  const job = jobsOf(pipeline).find(({ made }) => made.name === name);
  assert.ok(job);
  return /with image (\S+) \.\.\./.exec(traceOf(job))?.[1] ?? "";
}

test("the docker engine waits for a daemon that is late, and builds in it", async () => {
  const late = await exampleProject(platform, "single", "acme/late", { members });
  await useDocker(late);
  const folder = join(platform.shared, "late");
  await mkdir(folder);
  const variables = {
    DOCKER_HOST: `unix://${folder}/docker.sock`,
    DOCKER_TLS_VERIFY: "",
    DOCKER_CERT_PATH: "",
  };
  const pipeline = await platform.start(late.project, { variables });
  const [job] = pipeline.jobs;
  assert.ok(job);
  await until(() => traceOf(job).includes("$ berth ensure"));
  const daemon = await startDockerd([platform.bases.host, platform.gitlab.registry.host]);
  try {
    await link(daemon.host.replace("unix://", ""), join(folder, "docker.sock"));
    const ran = passed(await rested(platform, pipeline));
    const { outputs } = ran;
    assert.match(outputs["berth-images"] ?? "", /^tools +build +built/m);
    assert.equal(outputs["test"], "tools 1\n");
    assert.match(imageLine(ran, "test"), /\/acme\/late\/tools:set\d+-\w+$/);
  } finally {
    await daemon.stop();
  }
});

/**
 * Includes the component with the docker engine, and takes the service out: no container of a test may be
 * privileged, and on the host's network none may have an alias. The daemon runs outside instead, its socket in
 * a folder that jobs see.
 */
async function useDocker({ commit }: Actor): Promise<void> {
  const pipeline = `include:
  - component: $CI_SERVER_FQDN/berth-ci/berth/images@0.1.0
    inputs: { engine: docker, reference: own-tag }
.berth-service-docker:
  services: []
test:
  extends: .berth-use
  image: $CI_REGISTRY_IMAGE/tools:$BERTH_CONTAINER_TAG
  script: cat /etc/ci-image
`;
  await commit("main", { ".gitlab-ci.yml": pipeline });
}
