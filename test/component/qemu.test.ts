/** A project shaped like QEMU lives through pipelines that the real runner works off in the real tool image. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Actor, forkOf, openRequest } from "../lives/actor.ts";
import { tagged } from "../lives/look.ts";
import { NoPipeline } from "../platform/coordinator/making.ts";
import { exampleProject, openReleased, type Platform } from "../platform/coordinator/platform.ts";
import { passed, type Ran, rested, run } from "../platform/coordinator/ran.ts";
import { succeed } from "../support/command.ts";

let platform: Platform;
let qemu: Actor;
before(async () => {
  platform = await openReleased();
  const members = { olga: "maintainer" } as const;
  qemu = await exampleProject(platform, "qemu", "qemu-project/qemu", { members });
  await qemu.commit("staging", {});
});
after(() => platform.stop());

const crosses = ["debian-arm64-cross", "debian-cross-base", "debian-riscv64-cross"];
const all = ["alpine", "debian", ...crosses, "fedora-rust-nightly"];
const file = (name: string) => `tests/docker/dockerfiles/${name}.docker`;

/** Commits another word that the image says of itself. */
async function change(actor: Actor, branch: string, name: string, line: string, more = {}) {
  const text = await succeed("git", ["-C", actor.bare, "show", `${branch}:${file(name)}`]);
  const changed = text.replace(/echo ".*"/, `echo "${line}"`);
  await actor.commit(branch, { [file(name)]: changed, ...more });
}

/** Commits a line that fails, after what it says. */
async function breakDebian({ bare, commit }: Actor): Promise<void> {
  const text = await succeed("git", ["-C", bare, "show", `staging:${file("debian")}`]);
  await commit("staging", { [file("debian")]: `${text}\nRUN echo the last words; exit 3\n` });
}

const push = (branch: string, actor = qemu) => run(platform, actor.project, { branch });

function builtIn({ outputs }: Ran): readonly string[] {
  const names = Object.keys(outputs).filter((name) => name.startsWith("berth build "));
  return names.map((name) => name.slice("berth build ".length)).sort();
}

test("the first pipeline builds all images, and every job runs in its own", async () => {
  const first = passed(await push("staging"));
  assert.deepEqual(builtIn(first), all);
  assert.equal(first.outputs["build-alpine"], "image: alpine 1\n");
  assert.equal(
    first.outputs["build-riscv64"],
    "image: debian 1 debian-cross-base 1 debian-riscv64-cross 1\n",
  );
  assert.match(first.outputs["berth-promote"] ?? "", /latest: moved on 6 images/);
  const latest = tagged(platform, "qemu-project/qemu/qemu/debian", "latest");
  assert.equal(first.images["build-debian"], latest);
});

test("a changed Dockerfile has itself and its children built, under the branch's own tag", async () => {
  await qemu.commit("staging-9.2", {}, "staging");
  await change(qemu, "staging-9.2", "debian-cross-base", "debian-cross-base stable");
  const third = passed(await push("staging-9.2"));
  assert.deepEqual(builtIn(third), crosses);
  assert.equal(
    third.outputs["build-riscv64"],
    "image: debian 1 debian-cross-base stable debian-riscv64-cross 1\n",
  );
  assert.match(third.outputs["berth-promote"] ?? "", /staging-9-2: moved on 6 images/);
});

test("a job that fails keeps latest where it is", async () => {
  const before = tagged(platform, "qemu-project/qemu/qemu/alpine", "latest");
  const failing = '#!/bin/sh\necho "image:" $(cat /etc/ci-image)\nexit 1\n';
  await change(qemu, "staging", "alpine", "alpine 2", { "ci/show-image.sh": failing });
  const failed = await push("staging");
  assert.equal(failed.pipeline.facts.status, "failed");
  assert.deepEqual(builtIn(failed), ["alpine"]);
  assert.equal(failed.outputs["build-alpine"], "image: alpine 2\n");
  assert.equal(failed.states["berth-promote"], "skipped");
  assert.equal(tagged(platform, "qemu-project/qemu/qemu/alpine", "latest"), before);
});

test("a build that fails stops what is built on it and all jobs, and the report shows its last lines", async () => {
  const before = tagged(platform, "qemu-project/qemu/qemu/debian", "latest");
  await breakDebian(qemu);
  const failed = await push("staging");
  const { states, outputs } = failed;
  assert.equal(failed.pipeline.facts.status, "failed");
  assert.equal(states["berth build debian"], "failed");
  assert.equal(states["berth build debian-riscv64-cross"], "skipped");
  assert.equal(states["berth publish"], "skipped");
  assert.equal(states["berth report"], "success");
  assert.match(outputs["berth report"] ?? "", /the last words/);
  assert.equal(states["berth-images"], "failed");
  assert.equal(states["build-debian"], "skipped");
  assert.equal(states["berth-promote"], "skipped");
  assert.equal(tagged(platform, "qemu-project/qemu/qemu/debian", "latest"), before);
});

test("a commit that changes no image builds nothing, and the other branch has not seen any of that", async () => {
  await qemu.commit("staging-9.2", { "README.md": "stable\n" });
  const ran = passed(await push("staging-9.2"));
  assert.deepEqual(builtIn(ran), []);
  assert.equal(ran.outputs["functional-debian"], "image: debian 1\n");
  const of = (name: string, tag: string) => tagged(platform, `qemu-project/qemu/qemu/${name}`, tag);
  assert.equal(ran.images["functional-debian"], of("debian", "latest"));
  assert.equal(ran.images["build-riscv64"], of("debian-riscv64-cross", "staging-9-2"));
  assert.equal(
    ran.outputs["build-riscv64"],
    "image: debian 1 debian-cross-base stable debian-riscv64-cross 1\n",
  );
});

test("in one job the same is built, and a build that fails leaves latest", async () => {
  const members = { olga: "maintainer" } as const;
  const inline = await exampleProject(platform, "qemu", "qemu-project/inline", { members });
  const text = await succeed("git", ["-C", inline.bare, "show", "main:.gitlab-ci.yml"]);
  await inline.commit("staging", { ".gitlab-ci.yml": text.replace("fan-out", "inline") });
  const first = passed(await push("staging", inline));
  const made = (first.outputs["berth-images"] ?? "").matchAll(/^(\S+) +build +built/gm);
  assert.deepEqual([...made].map(([, name]) => name).sort(), all);
  assert.match(first.outputs["berth-promote"] ?? "", /latest: moved on 6 images/);
  const latest = () => tagged(platform, "qemu-project/inline/qemu/debian", "latest");
  const before = latest();
  assert.equal(first.images["build-debian"], before);
  await breakDebian(inline);
  const { states, outputs } = await push("staging", inline);
  const ends = ["berth-images", "build-debian", "berth-promote"].map((name) => states[name]);
  assert.deepEqual(ends, ["failed", "skipped", "skipped"]);
  assert.match(outputs["berth-images"] ?? "", /the last words/);
  assert.equal(latest(), before);
});

test("a fork without a changed Dockerfile runs in upstream's images and stores nothing", async () => {
  const fork = await forkOf(platform.ground, qemu, "alice");
  await fork.commit("topic", {}, "staging-9.2");
  const asked = { branch: "topic", variables: { QEMU_CI: "2" } };
  // It may do without a registry.
  fork.project.registry = "disabled";
  const ran = passed(await run(platform, fork.project, asked));
  assert.deepEqual(builtIn(ran), []);
  const stored = [...platform.gitlab.registry.tags.keys()];
  assert.ok(!stored.some((path) => path.startsWith("alice/")), `${stored}`);
  fork.project.registry = "enabled";
  await change(fork, "topic", "debian-riscv64-cross", "debian-riscv64-cross 2");
  const changed = passed(await run(platform, fork.project, asked));
  assert.deepEqual(builtIn(changed), ["debian-riscv64-cross"]);
  assert.match(changed.outputs["build-riscv64"] ?? "", /debian-riscv64-cross 2\n/);
});

test("with QEMU_CI=1 a fork's pipeline waits for a click, and runs on from there", async () => {
  const fork = await forkOf(platform.ground, qemu, "carol");
  const wanted = { branch: "main", variables: { QEMU_CI: "1" } };
  const { pipeline, states } = await run(platform, fork.project, wanted);
  assert.equal(states["berth-plan"], "manual");
  assert.equal(pipeline.facts.status, "manual");
  const start = (name: string) => {
    const job = pipeline.jobs.find(({ made }) => made.name === name);
    assert.ok(job);
    platform.play(job);
    return rested(platform, pipeline);
  };
  const planned = await start("berth-plan");
  assert.equal(planned.states["berth-images"], "success");
  assert.equal(planned.states["build-debian"], "manual");
  const { outputs } = await start("build-debian");
  assert.equal(outputs["build-debian"], "image: debian 1\n");
});

test("a merge request's pipeline in a fork runs in upstream's images", async () => {
  const fork = await forkOf(platform.ground, qemu, "dora");
  await fork.commit("topic", { "README.md": "a contribution\n" });
  const request = await openRequest(platform.ground, fork, "topic", qemu);
  const ran = passed(await run(platform, fork.project, { request, variables: { QEMU_CI: "2" } }));
  assert.equal(ran.pipeline.facts.source, "merge_request_event");
  assert.deepEqual(builtIn(ran), []);
  assert.equal(ran.outputs["build-debian"], "image: debian 1\n");
  const none = run(platform, qemu.project, { request });
  await assert.rejects(none, NoPipeline);
});

test("a schedule tests what is scheduled, promotes and prunes", async () => {
  qemu.project.schedules.push("main");
  const ran = passed(await run(platform, qemu.project, { branch: "main", source: "schedule" }));
  assert.equal(ran.outputs["build-debian"], "image: debian 1\n");
  assert.equal(ran.states["build-alpine"], undefined);
  assert.equal(ran.states["berth-promote"], "success");
  assert.match(ran.outputs["berth-prune"] ?? "", /^deleted 0, .*, refused 0$/m);
});
