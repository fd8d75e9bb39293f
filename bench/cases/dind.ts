/**
 * `berth ensure` where all is there, beside the recipe of a job per image: a fresh Docker daemon,
 * `docker build --cache-from`, `docker push`. Nothing has changed for either.
 *
 * Both use one registry on loopback, where pulling costs the peer least. The daemon's time counts from
 * its start until it answers; its end and all that a runner does to start such a job do not.
 */
import { ownTags } from "../../src/image/key.ts";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pushBusybox } from "../../test/support/bases.ts";
import { startDockerd } from "../../test/support/dockerd.ts";
import { startDockerRegistry } from "../../test/support/docker-registry.ts";
import type { Case } from "../case.ts";
import { openClient } from "../client.ts";
import { timeOf } from "../measure.ts";
import { makeRepository } from "../repository.ts";

const project = "group/project";
const images = 25;
/** Six layers and the base: eight blobs with the config, 106 MB. */
const layers = 6;
const layerBytes = 17_300_000;
/** So many are built in earnest; the others have the layers of the first. */
const builtImages = 3;

export const dockerInDocker: Case = {
  name: "nothing changed, 25 images, beside Docker-in-Docker",
  async run({ quick, berth }) {
    const measured = quick ? 1 : builtImages;
    // Docker 20.10 has BuildKit, but asks for it.
    process.env["DOCKER_BUILDKIT"] = "1";
    const registry = await startDockerRegistry();
    const { host } = registry;
    const base = `${host}/${project}`;
    await pushBusybox(host);
    const repository = makeRepository(dockerfiles(host));
    const command = { command: process.execPath, args: [berth, "ensure", "--registry", base] };
    const run = () => timeOf({ ...command, cwd: repository.path, env: { CI: "true" } });
    try {
      await fill(host, base, berth, repository.path);
      // Finds the keys, and writes the set record that later runs find.
      await run();
      const [peerTimes, berthTimes]: [number[], number[]] = [[], []];
      for (let number = 0; number < measured; number++) {
        peerTimes.push(images * (await recipe(host, base, number, repository.path)));
        for (let time = 0; time < 3; time++) berthTimes.push(await run());
      }
      return [
        {
          name: this.name,
          latencyMs: 0,
          peer: "dockerd, docker build --cache-from, docker push",
          peerTimes,
          berthTimes,
          requests: 1,
          goal: undefined,
          note: `${measured} of 25 images measured with a fresh daemon each, one after the other as on one runner, each times 25; 106 MB and 8 blobs an image; no login, so no token; without the start of job and daemon containers, which the recipe pays 25 times`,
        },
      ];
    } finally {
      repository.remove();
      await registry.stop();
    }
  },
};

function* dockerfiles(host: string): Generator<readonly [string, string]> {
  for (let number = 0; number < images; number++) {
    const steps = Array.from(
      { length: layers },
      (_, layer) => `RUN head -c ${layerBytes} /dev/urandom > /layer-${layer}-of-${number}\n`,
    );
    const text = `FROM ${host}/bases/busybox:1\n${steps.join("")}`;
    yield [`tests/docker/dockerfiles/image-${number}.docker`, text];
  }
}

/** Builds the first image as the recipe would have, and gives all images its layers under their keys. */
async function fill(host: string, base: string, berth: string, cwd: string): Promise<void> {
  const output = execFileSync(process.execPath, [berth, "key", "--json"], { cwd });
  const found = JSON.parse(output.toString()) as { images: { name: string; key: string }[] };
  const registry = openClient();
  const daemon = await startDockerd([host]);
  try {
    for (let number = 0; number < builtImages; number++) {
      await buildAndPush(daemon.docker, base, number, cwd);
    }
  } finally {
    await daemon.stop();
  }
  for (const { name, key } of found.images) {
    const own = { host, path: `${project}/${name}` };
    const from = await registry.get({ ...own, tag: "latest" });
    const source = from === undefined ? { host, path: `${project}/image-0` } : own;
    await registry.copy({ ...source, tag: "latest" }, own, [ownTags.key(key)]);
  }
}

/** What the job of one image does, in milliseconds; fails where it built anything anew. */
async function recipe(host: string, base: string, number: number, cwd: string): Promise<number> {
  const reference = { host, path: `${project}/image-${number}`, tag: "latest" };
  const before = await openClient().head(reference);
  const took = await timeOfRecipe(host, base, number, cwd);
  const after = await openClient().head(reference);
  if (before?.digest !== after?.digest) throw new Error("the peer's cache did not work");
  return took;
}

async function timeOfRecipe(
  host: string,
  base: string,
  number: number,
  cwd: string,
): Promise<number> {
  const started = performance.now();
  const daemon = await startDockerd([host]);
  try {
    await buildAndPush(daemon.docker, base, number, cwd);
    return performance.now() - started;
  } finally {
    await daemon.stop();
  }
}

async function buildAndPush(
  docker: (...args: string[]) => Promise<string>,
  base: string,
  number: number,
  cwd: string,
): Promise<void> {
  const tag = `${base}/image-${number}:latest`;
  const file = join(cwd, `tests/docker/dockerfiles/image-${number}.docker`);
  const empty = mkdtempSync(join(tmpdir(), "berth-bench-context-"));
  const inline = ["--build-arg", "BUILDKIT_INLINE_CACHE=1"];
  const flags = ["--network=host", "--cache-from", tag, ...inline, "--file", file, "--tag", tag];
  try {
    await docker("build", ...flags, empty);
    await docker("push", "--quiet", tag);
  } finally {
    rmSync(empty, { recursive: true, force: true });
  }
}
