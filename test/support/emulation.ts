/** Programs of arm64 on this machine, by qemu: what a runner needs that builds for other platforms than its own. */
import { execFile } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Digest } from "../../src/oci/digest.ts";
import { busyboxLayer, keptLayer, ownSuite } from "./bases.ts";
import { type Layer, layerOf, pushImage, pushIndex } from "./images.ts";
import { program } from "./programs.ts";

const execute = promisify(execFile);
const handlers = "/proc/sys/fs/binfmt_misc";

/** How Debian's qemu-user-static wants it: with the flags F and P, without which busybox does not know what it is called. */
const handler = "/usr/lib/binfmt.d/qemu-aarch64.conf";

/**
 * Lets the kernel run arm64's programs by qemu, in containers too: with the flag F it has the interpreter at hand.
 *
 * It stays so, as a package that registers handlers would leave it.
 */
export async function emulateArm64(): Promise<void> {
  const isThere = (path: string) =>
    stat(path).then(
      () => true,
      () => false,
    );
  if (process.arch === "arm64" || (await isThere(`${handlers}/qemu-aarch64`))) return;
  if (!(await isThere(`${handlers}/register`)))
    await execute(program("mount"), ["-t", "binfmt_misc", "binfmt_misc", handlers]);
  program("qemu-aarch64-static");
  await writeFile(`${handlers}/register`, (await readFile(handler, "utf8")).trim());
}

/** Debian's static busybox for arm64, unpacked and not run, with links for what tests call. */
async function busyboxOfArm64(): Promise<readonly Layer[]> {
  const suite = await ownSuite();
  const flags = ["--variant=extract", "--include=busybox-static", "--architectures=arm64"];
  const times = ["Valid-Until", "Date"].map((what) => `--aptopt=Acquire::Check-${what} "false"`);
  const binary = await keptLayer(`busybox-arm64-${suite}`, async (tar) => {
    await execute(program("mmdebstrap"), [...flags, ...times, "--quiet", suite, tar]);
  });
  const links = ["sh", "uname", "cat", "echo", "mkdir", "env"].map((name) => {
    return { path: `bin/${name}`, kind: "symlink", target: "busybox" } as const;
  });
  return [binary, await layerOf(links)];
}

/** Pushes a base with busybox for amd64 and arm64 under one tag, and gives the digest of its index. */
export async function pushBothBusyboxes(
  host: string,
  repository = "bases/busybox-both",
  tag = "1",
): Promise<Digest> {
  const layers = { amd64: await busyboxLayer(), arm64: await busyboxOfArm64() };
  const children = await Promise.all(
    Object.entries(layers).map(async ([architecture, content]) => {
      const settings = { architecture };
      const digest = await pushImage(host, repository, architecture, content, settings);
      return { digest, platform: { os: "linux", architecture } };
    }),
  );
  return pushIndex(host, repository, tag, children);
}
