/** Engines of Debian 13, which know heredocs, on a machine of Debian 12 too. */
import { execFile } from "node:child_process";
import { chmod, mkdir, readdir, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { basesFolder, locked, makeDebian } from "./bases.ts";
import { program } from "./programs.ts";

const execute = promisify(execFile);

export interface Engines {
  /** A folder that holds nothing else than these programs; first in PATH it hides all others. */
  readonly bin: string;
  readonly buildah: string;
  readonly docker: string;
  readonly dockerd: string;
}

const names = ["buildah", "docker", "dockerd"] as const;
/** Another suite, such as `unstable`, tries what Debian has next. */
const suite = process.env["BERTH_TEST_SUITE"] ?? "trixie";
const packages = [
  ...["buildah", "netavark", "docker.io", "docker-cli", "docker-buildx"],
  ...["crun", "iptables", "ca-certificates"],
];

/**
 * The machine's own engines where they are new enough, else Debian 13's in a root of their own.
 *
 * The root is kept between runs under the system's temporary folder; to make it takes half a minute,
 * and test files that run at the same time wait for it. Entering it needs root's rights.
 */
export async function modernEngines(): Promise<Engines> {
  const folder = await basesFolder();
  if (suite === "trixie" && (await machineIsModern()))
    return collect(join(folder, "engines-own-bin"), (name, path) => symlink(program(name), path));
  const root = join(folder, `engines-${suite}-v2`);
  await locked(root, async () => {
    if ((await stat(root).catch(() => undefined)) === undefined) await makeRoot(root);
  });
  const entrance = `${root}-enter`;
  await replace(entrance, (path) => writeFile(path, enterScript(root)));
  return collect(`${root}-bin`, async (name, path) => {
    const inside = name === "dockerd" ? "/usr/sbin/dockerd" : `/usr/bin/${name}`;
    await writeFile(path, `#!/bin/sh\nexec unshare --mount /bin/sh "${entrance}" ${inside} "$@"\n`);
    await chmod(path, 0o755);
  });
}

/** Heredocs came with buildah 1.33 and docker 23. */
async function machineIsModern(): Promise<boolean> {
  const [[major = 0, minor = 0], [docker = 0], buildx] = await Promise.all([
    versionOf("buildah"),
    versionOf("docker"),
    execute(program("docker"), ["buildx", "version"]).catch(() => undefined),
  ]);
  return (major > 1 || minor >= 33) && docker >= 23 && buildx !== undefined;
}

async function versionOf(name: string): Promise<readonly number[]> {
  const { stdout } = await execute(program(name), ["--version"]);
  return (/(\d+)\.(\d+)/.exec(stdout) ?? []).slice(1).map(Number);
}

/** Whole or not at all; what an interrupted run left, or is still writing, is no part of it. */
async function makeRoot(root: string): Promise<void> {
  await removeDrafts(root);
  const draft = `${root}.draft-${process.pid}`;
  await makeDebian(suite, draft, [`--include=${packages.join(",")}`]);
  await rename(draft, root);
}

async function removeDrafts(root: string): Promise<void> {
  const folder = dirname(root);
  const names = (await readdir(folder)).filter((name) =>
    name.startsWith(`${basename(root)}.draft-`),
  );
  const remove = (name: string) => rm(join(folder, name), { recursive: true, force: true });
  await Promise.allSettled(names.map(remove));
}

/**
 * Enters the root with this machine's devices and temporary folders, at the same place if it is there.
 *
 * It runs in a mount namespace of its own, so nothing is left to be unmounted. The root must be a mount
 * itself: what unpacks layers changes how "/" propagates.
 */
function enterScript(root: string): string {
  const shared = [...new Set(["/tmp", tmpdir()])].filter((path) => !path.startsWith("/tmp/"));
  return `set -e
root='${root}'
mount --bind "$root" "$root"
for folder in ${shared.join(" ")} /proc /sys /dev; do
  [ -d "$root$folder" ] || mkdir -p "$root$folder"
  mount --rbind "$folder" "$root$folder"
done
[ ! -e "$root/etc/resolv.conf" ] || mount --bind "$(readlink -f /etc/resolv.conf)" "$root/etc/resolv.conf"
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec chroot "$root" /bin/sh -c 'cd "$0" 2>/dev/null || cd /; exec "$@"' "$PWD" "$@"
`;
}

async function collect(
  bin: string,
  make: (name: (typeof names)[number], path: string) => Promise<void>,
): Promise<Engines> {
  await mkdir(bin, { recursive: true });
  for (const name of names) await replace(join(bin, name), (path) => make(name, path));
  const at = (name: (typeof names)[number]): string => join(bin, name);
  return { bin, buildah: at("buildah"), docker: at("docker"), dockerd: at("dockerd") };
}

/** Puts a file in its place at once, so that who runs it at this moment has the old one or the new one. */
async function replace(path: string, make: (draft: string) => Promise<void>): Promise<void> {
  const draft = join(dirname(path), `.draft-${process.pid}-${performance.now()}`);
  await make(draft);
  await rename(draft, path);
}
