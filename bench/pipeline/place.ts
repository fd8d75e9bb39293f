/** Where the ways are measured: a GitLab with the real runner, the images that jobs run in, and those that they look for. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownTags } from "../../src/image/key.ts";
import { type Actor, newProject } from "../../test/lives/actor.ts";
import { openReleased, type Platform } from "../../test/platform/coordinator/platform.ts";
import { busyboxLayer } from "../../test/support/bases.ts";
import { layerOf, pushImage } from "../../test/support/images.ts";
import { program } from "../../test/support/programs.ts";
import { makeRepository } from "../repository.ts";
import { type Daemons, serveDaemons } from "./daemons.ts";
import { dockerfiles, nameOf, type Way, ways } from "./ways.ts";

export interface Place {
  readonly platform: Platform;
  readonly projects: ReadonlyMap<Way, Actor>;
  /** What the images are built from, in another registry than theirs. */
  readonly base: string;
  readonly layerBytes: readonly number[];
  /** Docker's client alone; buildah and skopeo alone. */
  readonly dockerImage: string;
  readonly buildahImage: string;
  /** A folder in which a job makes one of its number to be given a daemon. */
  readonly daemons: string;
  stop(): Promise<void>;
}

/** Opens it with so many images of so many megabytes in every project. */
export async function openPlace(images: number, megabytes: number): Promise<Place> {
  const platform = await openReleased();
  const { gitlab, bases, shared, dockerd } = platform;
  const daemons = join(shared, "daemons");
  await mkdir(daemons);
  // A base, what a list of packages installs, and what comes after it, as in QEMU's images.
  const [baseBytes = 0, ...layerBytes] = [0.1, 0.8, 0.1].map((part) => megabytes * part * 1e6);
  const random = await layerOf([{ path: "base", kind: "file", data: randomBytes(baseBytes) }]);
  await pushImage(bases.host, "library/base", "1", [await busyboxLayer(), random]);
  const serving: Daemons = serveDaemons(daemons, [bases.host, gitlab.registry.host]);
  const stop = async () => {
    await serving.stop();
    await platform.stop();
  };
  try {
    await dockerd.docker(
      ...["login", "--username=bea", `--password=${gitlab.token("bea", "write_registry")}`],
      gitlab.registry.host,
    );
    const projects = new Map<Way, Actor>();
    for (const way of ways) {
      const members = { bea: "maintainer" } as const;
      projects.set(way, await newProject(platform.ground, way.path, { members }));
    }
    const place = {
      ...{ platform, projects, daemons, stop },
      base: `${bases.host}/library/base:1`,
      layerBytes: layerBytes.map(Math.round),
      dockerImage: await pushJobImage(platform, "docker"),
      buildahImage: await pushJobImage(platform, "buildah"),
    };
    await seedImages(place, images);
    return place;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What a peer's jobs run in: the tool image with this engine, without Node and berth, which they do not need. */
async function pushJobImage(platform: Platform, engine: "docker" | "buildah"): Promise<string> {
  const { gitlab, dockerd, shared } = platform;
  const { host } = gitlab.registry;
  const folder = await mkdtemp(join(shared, "image-"));
  const own = `${host}/berth-ci/berth/${engine}-alone:1`;
  const skopeo = engine === "buildah" ? await bringSkopeo(folder) : "";
  const text = `FROM ${host}/berth-ci/berth/tool-${engine}:0.1.0 AS tool
RUN rm -rf /usr/local/bin/* /usr/local/lib/*
FROM scratch
COPY --from=tool / /
${skopeo}ENV PATH=/usr/local/bin:/usr/bin
CMD ["sh"]
`;
  await writeFile(join(folder, "Dockerfile"), text);
  await dockerd.docker("build", "--network=host", `--tag=${own}`, folder);
  await dockerd.docker("push", "--quiet", own);
  await rm(folder, { recursive: true });
  return own;
}

/** This machine's skopeo with its own libraries, and the lines that put it into an image. */
async function bringSkopeo(folder: string): Promise<string> {
  const path = program("skopeo");
  const listed = execFileSync("ldd", [path]).toString();
  const libraries = listed.match(/\/\S+/g) ?? [];
  for (const file of [path, ...libraries]) await copyFile(file, join(folder, nameIn(file)));
  const loader = libraries.map(nameIn).find((name) => name.startsWith("ld-")) ?? "";
  const at = "/usr/local/lib/skopeo";
  const text = `#!/bin/sh\nexec ${at}/${loader} --library-path ${at} ${at}/skopeo "$@"\n`;
  await writeFile(join(folder, "wrapper"), text, { mode: 0o755 });
  const names = [...new Set([path, ...libraries].map(nameIn))].join(" ");
  return `COPY ${names} ${at}/\nCOPY wrapper /usr/local/bin/skopeo\n`;
}

const nameIn = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** Builds the images once, and pushes them under the names that each way looks for. */
async function seedImages(place: Place, images: number): Promise<void> {
  const { docker } = place.platform.dockerd;
  const revisions = Array<number>(images).fill(1);
  const files = dockerfiles(place, revisions);
  const repository = makeRepository(Object.entries(files));
  try {
    const cli = join(import.meta.dirname, "../../src/cli.ts");
    const told = execFileSync(process.execPath, [cli, "key", "--json"], { cwd: repository.path });
    const keys = JSON.parse(told.toString()) as { images: { name: string; key: string }[] };
    const keyOf = new Map(keys.images.map(({ name, key }) => [name, ownTags.key(key)]));
    for (const [number, [file]] of Object.entries(files).entries()) {
      const name = nameOf(number);
      const inline = ["--build-arg", "BUILDKIT_INLINE_CACHE=1"];
      const flags = ["--network=host", ...inline, "--file", join(repository.path, file)];
      await docker("build", ...flags, "--tag", name, join(repository.path, "ci"));
      for (const way of ways) {
        const tag = { key: keyOf.get(name), latest: "latest", revision: "1", none: undefined };
        const { host } = place.platform.gitlab.registry;
        const reference = `${host}/${way.path}/${way.repository(name)}:${tag[way.seeds]}`;
        if (tag[way.seeds] === undefined) continue;
        await docker("tag", name, reference);
        await docker("push", "--quiet", reference);
      }
    }
  } finally {
    repository.remove();
  }
}
