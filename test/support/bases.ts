/** Base images made on this machine: nothing is pulled from outside but Debian's packages. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createGunzip } from "node:zlib";
import type { Digest } from "../../src/oci/digest.ts";
import { digestOfStream, type Layer, layerOf, type Member, pushImage } from "./images.ts";
import { program } from "./programs.ts";

const execute = promisify(execFile);

/** Pushes a base with Debian's static busybox and its applets (2 MB) and gives its digest. */
export async function pushBusybox(
  host: string,
  repository = "bases/busybox",
  tag = "1",
): Promise<Digest> {
  return pushImage(host, repository, tag, await busyboxLayer());
}

export async function busyboxLayer(): Promise<Layer> {
  const path = program("busybox");
  const { stdout } = await execute(path, ["--list"]);
  const applets = stdout.split("\n").filter((name) => /^\S+$/.test(name) && name !== "busybox");
  const folders = ["bin", "etc", "root", "usr", "usr/bin", "var"];
  const members: readonly Member[] = [
    ...folders.map((folder) => ({ path: `${folder}/`, kind: "directory" as const })),
    { path: "tmp/", kind: "directory", mode: 0o1777 },
    { path: "etc/passwd", kind: "file", data: "root:x:0:0:root:/root:/bin/sh\n" },
    { path: "etc/group", kind: "file", data: "root:x:0:\n" },
    { path: "bin/busybox", kind: "file", mode: 0o755, data: await readFile(path) },
    ...applets.map((name) => ({
      path: `bin/${name}`,
      kind: "symlink" as const,
      target: "busybox",
    })),
  ];
  return layerOf(members);
}

/** Pushes a small Debian of this machine's own release, apt included, and gives its digest. */
export async function pushDebian(
  host: string,
  repository = "bases/debian",
  tag = "1",
): Promise<Digest> {
  return pushImage(host, repository, tag, await debianLayer());
}

/**
 * The root file system that mmdebstrap makes, kept between runs; the first run takes a quarter of a minute.
 *
 * Of this machine's own release, or of the suite given.
 */
export async function debianLayer(suite?: string): Promise<Layer> {
  const own = await ownRelease();
  const name = suite === undefined ? `debian-${own.suite}-${own.version}-v2` : `debian-${suite}-v2`;
  return keptLayer(name, (tar) => makeDebian(suite ?? own.suite, tar));
}

/**
 * A layer made once from a tar and kept between runs under the system's temporary folder.
 *
 * Test files that need it at the same time wait for the one that makes it.
 */
export async function keptLayer(
  name: string,
  makeTar: (tar: string) => Promise<void>,
): Promise<Layer> {
  const file = join(await basesFolder(), `${name}.tar.gz`);
  await locked(file, async () => {
    if ((await entry(`${file}.json`)) === undefined) await makeLayer(file, makeTar);
  });
  const facts = JSON.parse(await readFile(`${file}.json`, "utf8")) as Omit<Layer, "bytes">;
  return { ...facts, bytes: { file } };
}

/** The private folder of what is kept between runs. */
export async function basesFolder(): Promise<string> {
  const folder = join(tmpdir(), `berth-bases-${userInfo().uid}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  return folder;
}

async function makeLayer(file: string, makeTar: (tar: string) => Promise<void>): Promise<void> {
  const draft = `${file}.draft-${process.pid}`;
  const tar = `${draft}.tar`;
  await makeTar(tar);
  await execute("/bin/sh", ["-c", 'gzip -n -1 < "$1" > "$2"', "sh", tar, draft]);
  await rm(tar);
  const digest = await digestOfStream(createReadStream(draft));
  const diffId = await digestOfStream(createReadStream(draft).pipe(createGunzip()));
  await rename(draft, file);
  const facts = { digest, diffId, size: (await stat(file)).size };
  await writeFile(`${file}.json.draft`, JSON.stringify(facts));
  await rename(`${file}.json.draft`, `${file}.json`);
}

/** Makes a root file system of Debian with apt, as a tar or a folder. */
export async function makeDebian(
  suite: string,
  target: string,
  more: readonly string[] = [],
): Promise<void> {
  const flags = [
    "--variant=apt",
    "--quiet",
    '--aptopt=Acquire::Languages "none"',
    // A machine whose clock is wrong can still install packages.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    '--aptopt=Acquire::Check-Date "false"',
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
  ];
  const limit = { maxBuffer: 64 * 1024 * 1024, timeout: 1_800_000 };
  await execute(program("mmdebstrap"), [...flags, ...more, suite, target], limit);
}

/** Does what makes a path one at a time among all processes, by a lock of the kernel's that ends with whoever holds it. */
export async function locked(path: string, work: () => Promise<void>): Promise<void> {
  const holder = spawn(program("flock"), [`${path}.held`, "sh", "-c", "echo; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  try {
    await work();
  } finally {
    holder.stdin.end();
    await once(holder, "close");
  }
}

/** The name of this machine's release of Debian. */
export async function ownSuite(): Promise<string> {
  return (await ownRelease()).suite;
}

async function ownRelease(): Promise<{ readonly suite: string; readonly version: string }> {
  const release = await readFile("/etc/os-release", "utf8");
  const suite = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(release)?.[1] ?? "stable";
  const version = (await readFile("/etc/debian_version", "utf8").catch(() => "0")).trim();
  return { suite, version: version.replaceAll(/[^\w.]/g, "-") };
}

async function entry(path: string) {
  return stat(path).catch(() => undefined);
}
