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
import { atMost, type Case, type Row } from "../case.ts";
import { openClient } from "../client.ts";
import { timeOf } from "../measure.ts";
import { type BenchRepository, makeRepository } from "../repository.ts";
import { storageIn } from "./build.ts";

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

export const storage: Case = {
  name: "storage",
  async run({ berth }) {
    const rows: Row[] = [];
    for (const engine of ["buildah", "docker"] as const) {
      const registry = await startDockerRegistry();
      try {
        rows.push(await measure(engine, registry, berth));
      } finally {
        await registry.stop();
      }
    }
    return rows;
  },
};

async function measure(
  engine: "buildah" | "docker",
  registry: DockerRegistry,
  berth: string,
): Promise<Row> {
  const { host } = registry;
  await pushBusybox(host);
  const made = makeRepository([
    ["Dockerfile", dockerfile(host)],
    ["src/a", "0\n"],
  ]);
  const onMachine = engine === "buildah" ? onBuildah : onDocker(host);
  const args = [berth, "ensure", "--engine", engine, "--registry", `${host}/${project}`];
  try {
    for (let edit = 0; edit <= edits; edit++) {
      if (edit > 0) await commitEdit(made, edit);
      await onMachine((env) => timeOf({ command: process.execPath, args, cwd: made.path, env }));
    }
  } finally {
    made.remove();
  }
  const { layers, bytes, tags } = await uniqueLayers(registry);
  return {
    ...{ name: `storage after a build and ${edits} edits, ${engine}`, latencyMs: 0, unit: "MB" },
    peer: "the unique layers of the images",
    ...{ peerTimes: [bytes / 1e6], berthTimes: [(await storedBytes(registry)) / 1e6] },
    ...{ requests: undefined, goal: atMost(1.02) },
    note: `${layers} unique layers, ${tags} tags; all blobs of the registry, each edit built on a machine that has no image`,
  };
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
const onDocker = (host: string): OnMachine => {
  return async (work) => {
    const programs = await modernEngines();
    const daemon = await startDockerd([host], programs);
    const env = { DOCKER_HOST: daemon.host, BERTH_BUILD_NETWORK: "host" };
    try {
      await work({ ...env, PATH: `${programs.bin}:${process.env["PATH"]}` });
    } finally {
      await daemon.stop();
    }
  };
};

/** Of all images under their keys. */
async function uniqueLayers({ host }: DockerRegistry) {
  const client = openClient();
  const answer = await fetch(`http://${host}/v2/_catalog?n=1000`);
  const { repositories } = (await answer.json()) as { repositories: readonly string[] };
  const sizes = new Map<string, number>();
  let tags = 0;
  for (const path of repositories.filter((one) => one.startsWith(`${project}/`))) {
    for await (const tag of client.tags({ host, path })) {
      tags++;
      if (!tag.startsWith(ownTags.key(""))) continue;
      const manifest = await client.get({ host, path, tag });
      if (manifest === undefined || manifest.content.kind === "index") continue;
      for (const { digest, size } of manifest.content.layers) sizes.set(digest, size);
    }
  }
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  return { layers: sizes.size, bytes, tags };
}

async function storedBytes({ storage: folder }: DockerRegistry): Promise<number> {
  const blobs = join(folder, "docker/registry/v2/blobs");
  const all = await readdir(blobs, { recursive: true, withFileTypes: true });
  const sizes = all
    .filter((one) => one.isFile())
    .map(async (one) => (await stat(join(one.parentPath, one.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
