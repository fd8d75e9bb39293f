/** Images in a real registry (Distribution, which asks for no login here) whose answers take a while. */
import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { ownTags } from "../src/image/key.ts";
import type { DockerRegistry } from "../test/support/docker-registry.ts";
import { layerOf, pushImage } from "../test/support/images.ts";
import { openClient } from "./client.ts";
import { makeRepository, qemuLikeDockerfiles } from "./repository.ts";

export interface StandImage {
  readonly name: string;
  /** The tag of its key, under which it is there. */
  readonly tag: string;
}

export interface Stand {
  /** Where the registry is asked with latency. */
  readonly host: string;
  /** Of the project that has the images. */
  readonly project: string;
  /** The project's repository. */
  readonly cwd: string;
  readonly images: readonly StandImage[];
  close(): Promise<void>;
}

export interface StandOptions {
  readonly images: number;
  readonly latencyMs: number;
  readonly berth: string;
  readonly configuration?: string;
}

export async function openStand(registry: DockerRegistry, options: StandOptions): Promise<Stand> {
  const { images, latencyMs, berth, configuration } = options;
  const files = configuration === undefined ? [] : [["berth.yml", configuration] as const];
  const made = makeRepository([...files, ...qemuLikeDockerfiles(images)]);
  const output = execFileSync(process.execPath, [berth, "key", "--json"], { cwd: made.path });
  const told = JSON.parse(output.toString()) as { images: { name: string; key: string }[] };
  const tagged = told.images.map(({ name, key }) => ({ name, tag: ownTags.key(key) }));
  const project = `group/project-${images}`;
  await fill(registry.host, project, tagged);
  const port = registry.host.split(":")[1] ?? "";
  const proxy = fork(join(import.meta.dirname, "slow-proxy.ts"), [port, `${latencyMs}`]);
  const [own] = (await once(proxy, "message")) as [number];
  return {
    ...{ host: `127.0.0.1:${own}`, project, cwd: made.path, images: tagged },
    async close() {
      const ended = once(proxy, "exit");
      proxy.disconnect();
      await ended;
      made.remove();
    },
  };
}

/** Gives all images the same eight blobs under their keys. */
async function fill(host: string, project: string, images: readonly StandImage[]): Promise<void> {
  const numbers = Array.from({ length: 7 }, (_, number) => number);
  const layers = await Promise.all(
    numbers.map((number) => layerOf([{ path: `${number}`, kind: "file", data: `${number}` }])),
  );
  await pushImage(host, `${project}/content`, "1", layers);
  const registry = openClient();
  const from = { host, path: `${project}/content`, tag: "1" };
  for (const { name, tag } of images)
    await registry.copy(from, { host, path: `${project}/${name}` }, [tag]);
}

/** Deletes the tags of repositories that begin so. */
export async function forget(
  registry: DockerRegistry,
  paths: readonly string[],
  begin: string,
): Promise<void> {
  const client = openClient();
  for (const path of paths) {
    const repository = { host: registry.host, path };
    for (const tag of (await Array.fromAsync(client.tags(repository))).flat())
      if (tag.startsWith(begin)) await client.deleteTag({ ...repository, tag });
  }
}
