/** What is in the registry after a build and five edits, each on a machine that has nothing, beside the images' own layers. */
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownTags } from "../../src/image/key.ts";
import { pushBusybox } from "../../test/support/bases.ts";
import { type DockerRegistry, startDockerRegistry } from "../../test/support/docker-registry.ts";
import { startDockerd } from "../../test/support/dockerd.ts";
import { modernEngines } from "../../test/support/modern.ts";
import { storageIn } from "../../test/support/storage.ts";
import { atMost, type Case, type Row } from "../case.ts";
import { openClient } from "../client.ts";
import { timeOf } from "../measure.ts";
import { type BenchRepository, makeRepository } from "../repository.ts";

const project = "group/project";
const edits = 5;

/** An edit changes the last two of its layers. */
const dockerfile = (host: string) => `FROM ${host}/bases/busybox:1
RUN head -c 4000000 /dev/urandom > /first
COPY src /src
RUN head -c 1000000 /dev/urandom > /second
`;

/** Gives a machine without any image to work on, as variables, and clears up after it. */
type OnMachine = (work: (env: Record<string, string>) => Promise<unknown>) => Promise<void>;

/** Builds and pushes what a commit holds. */
type Build = (
  registry: DockerRegistry,
  at: { readonly cwd: string; readonly env: Record<string, string> },
) => Promise<unknown>;

const title = `storage after a build and ${edits} edits`;

/** The base's layer and the first RUN's, which no edit changes. */
const unchanged = 2;

/** Where docker stores images: in containerd by default from version 29 on, and before that not. */
const stores = { containerd: "docker", own: "docker as before 29" } as const;

export const storage: Case = {
  name: "storage",
  async run({ berth }) {
    const ensure = (engine: string): Build => {
      const command = [berth, "ensure", "--engine", engine, "--registry"];
      return ({ host }, at) =>
        timeOf({ command: process.execPath, args: [...command, `${host}/${project}`], ...at });
    };
    const buildah = await afterEdits(() => onBuildah, ensure("buildah"));
    const containerd = await afterEdits(onDocker("containerd"), ensure("docker"));
    const own = await afterEdits(onDocker("own"), ensure("docker"));
    return [
      { ...besideLayers("buildah", buildah), goal: atMost(1.02) },
      { ...besideLayers(stores.containerd, containerd), goal: atMost(1.02) },
      besideLayers(stores.own, own),
      await besideRegistryCache(containerd.stored),
    ];
  },
};

function besideLayers(engine: string, { layers, needed, tags, stored }: Stored): Row {
  return {
    ...{ name: `${title}, ${engine}`, latencyMs: 0, unit: "MB" },
    peer: "the layers of the images, each made once",
    ...{ peerTimes: [needed], berthTimes: [stored], requests: undefined, goal: undefined },
    note: `${layers} layers, ${tags} tags; all blobs of the registry, each edit built on a machine that has no image`,
  };
}

/** What Docker's own way to keep a cache in a registry takes for the same images. */
async function besideRegistryCache(berth: number): Promise<Row> {
  let edit = 0;
  // The daemon's own builder can write such a cache where images are stored in containerd.
  const found = await afterEdits(onDocker("containerd"), ({ host }, at) => {
    const cache = `type=registry,ref=${host}/${project}/cache`;
    const caches = [`--cache-from=${cache}`, `--cache-to=${cache},mode=max`];
    const tag = `--tag=${host}/${project}/image:${edit++}`;
    const flags = ["--network=host", "--provenance=false", "--push", ...caches, tag];
    return timeOf({ command: "docker", args: ["buildx", "build", ...flags, "."], ...at });
  });
  return {
    ...{ name: `${title}, docker`, latencyMs: 0, unit: "MB" },
    peer: "BuildKit's registry cache, mode=max",
    ...{ peerTimes: [found.stored], berthTimes: [berth], requests: undefined, goal: undefined },
    note: "docker buildx build --push with --cache-from and --cache-to of type=registry, one image and one cache",
  };
}

interface Stored {
  readonly layers: number;
  readonly tags: number;
  /** What the images need where no layer is made twice, in MB. */
  readonly needed: number;
  /** Of all blobs, in MB. */
  readonly stored: number;
}

async function afterEdits(
  machine: (registry: DockerRegistry) => OnMachine,
  build: Build,
): Promise<Stored> {
  const registry = await startDockerRegistry();
  await pushBusybox(registry.host);
  const made = makeRepository([
    ["Dockerfile", dockerfile(registry.host)],
    ["src/a", "0\n"],
  ]);
  try {
    for (let edit = 0; edit <= edits; edit++) {
      if (edit > 0) await commitEdit(made, edit);
      await machine(registry)((env) => build(registry, { cwd: made.path, env }));
    }
    return { ...(await layersOf(registry)), stored: await storedMegabytes(registry) };
  } finally {
    made.remove();
    await registry.stop();
  }
}

async function commitEdit({ path }: BenchRepository, edit: number): Promise<void> {
  await writeFile(join(path, "src/a"), `${edit}\n`);
  const who = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"];
  execFileSync("git", [...who, "commit", "-qam", "edit"], { cwd: path });
}

const onBuildah: OnMachine = async (work) => {
  const folder = await mkdtemp(join(tmpdir(), "berth-bench-buildah-"));
  const env = { ...(await storageIn(folder)), BERTH_BUILD_NETWORK: "host" };
  try {
    await work(env);
  } finally {
    execFileSync("buildah", ["rmi", "--all", "--force"], {
      env: { ...process.env, ...env },
      stdio: "pipe",
    });
    await rm(folder, { recursive: true, force: true });
  }
};

/** One that has buildx, which Debian 12's has not. */
const onDocker =
  (store: "own" | "containerd") =>
  ({ host }: DockerRegistry): OnMachine =>
  async (work) => {
    const programs = await modernEngines();
    const daemon = await startDockerd([host], { programs, store });
    const env = { DOCKER_HOST: daemon.host, BERTH_BUILD_NETWORK: "host" };
    try {
      await work({ ...env, PATH: `${programs.bin}:${process.env["PATH"]}` });
    } finally {
      await daemon.stop();
    }
  };

/** Of all images under their keys. */
async function layersOf({ host }: DockerRegistry) {
  const client = openClient();
  const answer = await fetch(`http://${host}/v2/_catalog?n=1000`);
  const { repositories } = (await answer.json()) as { repositories: readonly string[] };
  const found = new Set<string>();
  const needed = new Map<string | number, number>();
  let tags = 0;
  for (const path of repositories.filter((one) => one.startsWith(`${project}/`))) {
    for (const tag of (await Array.fromAsync(client.tags({ host, path }))).flat()) {
      tags++;
      if (!tag.startsWith(ownTags.key(""))) continue;
      const manifest = await client.get({ host, path, tag });
      if (manifest === undefined || manifest.content.kind === "index") continue;
      for (const [index, { digest, size }] of manifest.content.layers.entries()) {
        found.add(digest);
        needed.set(index < unchanged ? index : digest, size);
      }
    }
  }
  const bytes = [...needed.values()].reduce((sum, size) => sum + size, 0);
  return { layers: found.size, needed: bytes / 1e6, tags };
}

async function storedMegabytes({ storage: folder }: DockerRegistry): Promise<number> {
  const blobs = join(folder, "docker/registry/v2/blobs");
  const all = await readdir(blobs, { recursive: true, withFileTypes: true });
  const sizes = all
    .filter((one) => one.isFile())
    .map(async (one) => (await stat(join(one.parentPath, one.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0) / 1e6;
}
