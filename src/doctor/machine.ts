/** What this machine says of itself: engines, the process that we are, what its kernel starts. */
import type { Engine } from "../build/engine.ts";
import type { Files } from "../world.ts";
import {
  type EngineFacts,
  type ForeignPlatform,
  isTrouble,
  known,
  type MachineFacts,
  type ProcessFacts,
} from "./facts.ts";

/** Which of the engines can be used: for `auto` all until one can. */
export async function gatherMachine(
  engines: readonly Engine[],
  files: Pick<Files, "read">,
  foreign: readonly string[],
): Promise<MachineFacts> {
  const tried: EngineFacts[] = [];
  for (const engine of engines) {
    const version = await known(engine.check().then((text) => ({ text })));
    tried.push({ name: engine.name, version });
    if (!isTrouble(version)) break;
  }
  const status = await files.read("/proc/self/status");
  const restriction = await files.read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
  return {
    engines: tried,
    self: status === undefined ? undefined : readStatus(status.toString()),
    restrictsNamespaces: restriction?.toString().trim() === "1",
    foreign: await Promise.all(foreign.map((platform) => askHandler(platform, files))),
  };
}

/** What qemu calls the machines that it plays. */
const machines: Readonly<Record<string, string>> = {
  amd64: "x86_64",
  "386": "i386",
  arm64: "aarch64",
  loong64: "loongarch64",
};

async function askHandler(platform: string, files: Pick<Files, "read">): Promise<ForeignPlatform> {
  const [, architecture = ""] = platform.split("/");
  const folder = "/proc/sys/fs/binfmt_misc";
  // In most containers that folder is empty, whatever the kernel has.
  if ((await files.read(`${folder}/status`)) === undefined) return { platform, handler: "unknown" };
  const entry = await files.read(`${folder}/qemu-${machines[architecture] ?? architecture}`);
  return { platform, handler: readHandler(entry?.toString()) };
}

/** What the kernel's entry for a platform's programs says, where there is one (Linux: admin-guide/binfmt-misc). */
export function readHandler(text: string | undefined): ForeignPlatform["handler"] {
  if (text === undefined || !text.startsWith("enabled")) return "none";
  return /^flags: \w*F/m.test(text) ? "held" : "open";
}

/** Reads `/proc/self/status` (proc_pid_status(5)). */
export function readStatus(text: string): ProcessFacts | undefined {
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(text)?.[1];
  const [umask, uid] = [field("Umask"), field("Uid")];
  if (umask === undefined || uid === undefined) return undefined;
  const capabilities = BigInt(`0x${field("CapEff") ?? "0"}`);
  const sysAdmin = 21n;
  return {
    umask,
    uid: Number(uid),
    hasSysAdmin: ((capabilities >> sysAdmin) & 1n) === 1n,
    seccomp: field("Seccomp") === "2",
  };
}
