/** Private folders that are gone when a run ends, or with the next one. */
import { createHash } from "node:crypto";
import { mkdtempSync, promises, readdirSync, readlinkSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TemporaryFolder } from "../world.ts";

const endSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const openFolders = new Set<string>();

/** Makes a folder of mode 0700 whose name tells which process it belongs to. */
export function temporaryFolder(prefix: string): TemporaryFolder {
  const path = mkdtempSync(resolve(tmpdir(), `${prefix}${machine()}-${process.pid}-`));
  if (openFolders.size === 0) listen("on");
  openFolders.add(path);
  const remove = async (): Promise<void> => {
    await promises.rm(path, { recursive: true, force: true });
    if (openFolders.delete(path) && openFolders.size === 0) listen("off");
  };
  return { path, remove };
}

/** Removes the folders of processes that are gone; others' and those of other machines or containers stay. */
export async function removeLeftFolders(): Promise<void> {
  for (const name of berthFolders()) {
    const [, owner, pid] = folderName.exec(name) ?? [];
    if (owner !== machine() || isAlive(Number(pid))) continue;
    const path = join(tmpdir(), name);
    const stats = await promises.lstat(path).catch(() => undefined);
    if (stats?.isDirectory() !== true || stats.uid !== process.getuid?.()) continue;
    // An engine may still write there; the next run comes again.
    await promises.rm(path, { recursive: true }).catch(() => undefined);
  }
}

const folderName = /^berth-[a-z]+-([0-9a-f]{8})-(\d+)-[^-]+$/;

/** Looked up at once, since every run does and nearly none finds any. */
function berthFolders(): readonly string[] {
  try {
    return readdirSync(tmpdir()).filter((name) => folderName.test(name));
  } catch {
    return [];
  }
}

/** Where a number means one process: a machine, or a container of it. */
function machine(): string {
  let space = "";
  try {
    space = readlinkSync("/proc/self/ns/pid");
  } catch {
    // Where nobody has mounted /proc.
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
  for (const signal of endSignals) process[way](signal, onSignal);
}

function onSignal(signal: NodeJS.Signals): void {
  // Whoever else listens decides how the process ends, and "exit" follows. Alone, we only delayed the end.
  if (process.listenerCount(signal) > 1) return;
  removeAll();
  listen("off");
  process.kill(process.pid, signal);
}

function removeAll(): void {
  for (const folder of openFolders) removeNow(folder);
  openFolders.clear();
}

function removeNow(folder: string): void {
  try {
    // Writes that are still under way in the thread pool may put a file back for a moment.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
  } catch {
    // Best effort: the process is ending, and what made it end is what counts.
  }
}
