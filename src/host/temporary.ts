/** Private folders for the time of one run: gone when it ends, and what SIGKILL left goes with the next one. */
import { createHash } from "node:crypto";
import { mkdtempSync, readlinkSync, rmSync } from "node:fs";
import { lstat, readdir, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { TemporaryFolder } from "../world.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const open = new Set<string>();

/** Makes a folder of mode 0700 whose name tells which process it belongs to. */
export function temporaryFolder(prefix: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `${prefix}${machine()}-${process.pid}-`));
  if (open.size === 0) listen("on");
  open.add(path);
  const remove = async (): Promise<void> => {
    await rm(path, { recursive: true, force: true });
    if (open.delete(path) && open.size === 0) listen("off");
  };
  return { path, remove };
}

/** Removes the folders of processes that are gone; others' and those of other machines or containers stay. */
export async function removeLeftFolders(): Promise<void> {
  const name = new RegExp(`^berth-[a-z]+-${machine()}-(\\d+)-[^-]+$`);
  const names = await readdir(tmpdir()).catch(() => []);
  const left = names.filter((entry) => !isAlive(Number(name.exec(entry)?.[1] ?? process.pid)));
  for (const path of left.map((entry) => join(tmpdir(), entry))) {
    const stats = await lstat(path).catch(() => undefined);
    if (stats?.isDirectory() !== true || stats.uid !== process.getuid?.()) continue;
    // An engine may still write there; the next run comes again.
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Where a number means one process: a machine, or a container of it. */
function machine(): string {
  let space = "";
  try {
    space = readlinkSync("/proc/self/ns/pid");
  } catch {
    // Only Linux has it.
  }
  return createHash("sha256").update(`${hostname()} ${space}`).digest("hex").slice(0, 8);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Listens for the end of the process, only while there are folders. */
function listen(way: "on" | "off"): void {
  process[way]("exit", removeAll);
  for (const signal of signals) process[way](signal, onSignal);
}

function onSignal(signal: NodeJS.Signals): void {
  // Whoever else listens decides how the process ends, and "exit" follows. Alone, we only delayed the end.
  if (process.listenerCount(signal) > 1) return;
  removeAll();
  listen("off");
  process.kill(process.pid, signal);
}

function removeAll(): void {
  for (const folder of open) removeNow(folder);
  open.clear();
}

function removeNow(folder: string): void {
  try {
    // Writes that are still under way in the thread pool may put a file back for a moment.
    rmSync(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 20 });
  } catch {
    // Best effort: the process is ending, and what made it end is what counts.
  }
}
