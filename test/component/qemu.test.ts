/** A project shaped like QEMU lives through pipelines that gitlab-ci-local runs in the real tool image. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  type Consumer,
  consumer,
  openPlatform,
  type Pipeline,
  type Platform,
  passed,
} from "./platform.ts";

let platform: Platform;
let qemu: Consumer;
before(async () => {
  platform = await openPlatform();
  qemu = await consumer(platform, "qemu", "qemu-project/qemu");
  await qemu.git("checkout", "--quiet", "-b", "staging");
});
after(() => platform.stop());

const crosses = ["amd64", "arm64", "riscv64", "s390x"].map((name) => `debian-${name}-cross`);
const all = [
  ...crosses,
  ...["alpine", "debian", "debian-cross-base", "fedora", "fedora-rust-nightly"],
  ...["fedora-win64-cross", "python", "ubuntu2404"],
];
const file = (name: string) => `tests/docker/dockerfiles/${name}.docker`;

async function change(project: Consumer, name: string, line: string): Promise<void> {
  const text = (await project.git("show", `HEAD:${file(name)}`)).replace(
    /echo ".*"/,
    `echo "${line}"`,
  );
  await project.write(file(name), `${text}\n`);
  await project.commit();
}

test("the first pipeline builds all images, and every job runs in its own", async () => {
  const first = passed(await qemu.pipeline());
  assert.deepEqual(builtIn(first), [...all].sort());
  assert.equal(first.jobs["build-alpine"], "image: alpine 1\n");
  assert.equal(
    first.jobs["build-riscv64"],
    "image: debian 1 debian-cross-base 1 debian-riscv64-cross 1\n",
  );
  assert.match(first.jobs["berth-promote"] ?? "", /latest: moved on 12 images/);
});

test("a commit that changes no image builds nothing, and its jobs run in the same images", async () => {
  const before = await platform.digest(qemu, "debian", "latest");
  await qemu.write("README.md", "another commit\n");
  await qemu.commit();
  const second = passed(await qemu.pipeline());
  assert.deepEqual(builtIn(second), []);
  assert.equal(second.jobs["functional-debian"], "image: debian 1\n");
  assert.equal(await platform.digest(qemu, "debian", "latest"), before);
});

test("a changed Dockerfile has itself and its children built, under the branch's own tag", async () => {
  await qemu.git("checkout", "--quiet", "-b", "staging-9.2");
  await change(qemu, "debian-cross-base", "debian-cross-base stable");
  const third = passed(await qemu.pipeline());
  assert.deepEqual(builtIn(third), [...crosses, "debian-cross-base"].sort());
  assert.equal(
    third.jobs["build-riscv64"],
    "image: debian 1 debian-cross-base stable debian-riscv64-cross 1\n",
  );
  assert.match(third.jobs["berth-promote"] ?? "", /staging-9-2: moved on 12 images/);
});

test("a job that fails keeps latest where it is", async () => {
  await qemu.git("checkout", "--quiet", "--force", "staging");
  const before = await platform.digest(qemu, "debian", "latest");
  await qemu.write("ci/show-image.sh", '#!/bin/sh\necho "image:" $(cat /etc/ci-image)\nexit 1\n');
  await change(qemu, "debian", "debian 2");
  const failed = await qemu.pipeline();
  assert.notEqual(failed.code, 0);
  assert.deepEqual(builtIn(failed), [...crosses, "debian", "debian-cross-base"].sort());
  assert.equal(failed.jobs["build-debian"], "image: debian 2\n");
  assert.equal(failed.jobs["berth-promote"], undefined);
  assert.equal(await platform.digest(qemu, "debian", "latest"), before);
});

test("the other branch has not seen any of that", async () => {
  await qemu.git("checkout", "--quiet", "--force", "staging-9.2");
  await qemu.write("README.md", "stable\n");
  await qemu.commit();
  const fifth = passed(await qemu.pipeline());
  assert.deepEqual(builtIn(fifth), []);
  assert.equal(
    fifth.jobs["build-riscv64"],
    "image: debian 1 debian-cross-base stable debian-riscv64-cross 1\n",
  );
});

test("a fork without a changed Dockerfile runs in upstream's images and stores nothing", async () => {
  const fork = await consumer(platform, "qemu", "alice/qemu");
  await fork.git("checkout", "--quiet", "-b", "topic");
  const asked = passed(await fork.pipeline({ QEMU_CI: "2" }));
  assert.deepEqual(builtIn(asked), []);
  assert.equal(asked.jobs["build-debian"], "image: debian 1\n");
  assert.deepEqual(await platform.repositories("alice/"), []);

  await change(fork, "debian-riscv64-cross", "debian-riscv64-cross 2");
  const changed = passed(await fork.pipeline({ QEMU_CI: "2" }));
  assert.deepEqual(builtIn(changed), ["debian-riscv64-cross"]);
  assert.equal(
    changed.jobs["build-riscv64"],
    "image: debian 1 debian-cross-base 1 debian-riscv64-cross 2\n",
  );
});

function builtIn({ jobs }: Pipeline): readonly string[] {
  const names = Object.keys(jobs).filter((name) => name.startsWith("berth build "));
  return names.map((name) => name.slice("berth build ".length)).sort();
}
