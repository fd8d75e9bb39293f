/**
 * The file system behind the `Files` port, what it refuses, and private folders that are gone when a run ends, or with
 * the next one.
 */
import { createHash, randomBytes } from "node:crypto";
import { errorMonitor } from "node:events";
// `promises` is node:fs/promises, which is loaded only by who writes.
import {
  createReadStream,
  createWriteStream,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  promises,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { BerthError, type ErrorCode } from "../errors.ts";
import type { FileEntry, Files, TemporaryFolder } from "../world.ts";

/**
 * Gives the real file system.
 *
 * Small reads are synchronous inside: for thousands of small files that is several times faster than
 * the thread pool.
 */
export function realFiles(): Files {
  return {
    read: async (path) => unlessAbsent(() => readAt(path)),
    write: writeWhole,
    entry: async (path) => entryAt(path),
    readLink: async (path) => readlinkSync(path, { encoding: "buffer" }),
    remove: (path) => promises.rm(path, { recursive: true, force: true }),
    temporary: async (prefix) => temporaryFolder(prefix),
    writer: (path) => createWriteStream(path).on(errorMonitor, (error) => withPath(error, path)),
    reader: (path) => createReadStream(path),
  };
}

function readAt(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw withPath(error, path);
  }
}

function entryAt(path: string): FileEntry | undefined {
  const stats = unlessAbsent(() => lstatSync(path, { throwIfNoEntry: false }));
  if (stats === undefined) return undefined;
  const kind = stats.isFile()
    ? "file"
    : stats.isDirectory()
      ? "directory"
      : stats.isSymbolicLink()
        ? "symlink"
        : "other";
  return { kind, executable: (stats.mode & 0o100) !== 0, size: stats.size };
}

function unlessAbsent<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    // ENOTDIR: a parent of the path is a file, so the path is not there either.
    if (isSystemError(error, "ENOENT") || isSystemError(error, "ENOTDIR")) return undefined;
    throw error;
  }
}

function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

async function writeWhole(path: string, data: string | Uint8Array, mode?: number): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    // "wx": a draft is ours alone; with a mode, nobody else may read it for a moment either.
    await promises.writeFile(draft, data, { flag: "wx", mode: mode ?? 0o666 });
    if (mode !== undefined) await promises.chmod(draft, mode);
    await promises.rename(draft, path);
  } catch (error) {
    await promises.rm(draft, { force: true });
    throw withPath(error, path);
  }
}

/** The system's error for a folder that is read or a disk that is full does not say which, and one for a draft not what it was for. */
function withPath(error: unknown, path: string): unknown {
  const isSystems = error instanceof Error && "syscall" in error;
  return isSystems ? Object.assign(error, { path }) : error;
}

interface Refusal {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint: string;
}

const refused = (what: string, hint: string): Refusal => ({ code: "FILE_REFUSED", what, hint });
const full = (what: string): Refusal => ({
  code: "DISK_FULL",
  what,
  hint: "free some space, or name a folder on another disk: --output for berth's files, TMPDIR for contexts and the engine's",
});

const elsewhere = "--output names another folder for berth's files, TMPDIR one for temporary ones";
const rights = `let the user that runs berth read or write it; ${elsewhere}`;

/** By the codes of errno(3), of one that may mean anything with the call's name. */
const refusals: Readonly<Record<string, Refusal>> = {
  // Node's own answer where folders are to be made on a read-only file system, too.
  "ENOENT mkdir": refused("its folder is not there, or is read-only", elsewhere),
  "ENOENT mkdtemp": refused("its folder is not there", elsewhere),
  EACCES: refused("permission denied", rights),
  EPERM: refused("operation not permitted", rights),
  EROFS: refused("the file system is read-only", elsewhere),
  EISDIR: refused("it is a folder", "name a file"),
  ENOTDIR: refused("a part of the path is a file", "name a path whose parents are folders"),
  ELOOP: refused("its links lead in a circle", "mend the link"),
  ENAMETOOLONG: refused("the name is too long", "name a shorter path"),
  ENOSPC: full("no space left"),
  EDQUOT: full("the quota is used up"),
};

/** An error of berth's for a system call that failed for a reason that a person can mend; else the error as it is. */
export function recognise(error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return error;
  const { code, syscall } = error;
  const refusal = refusals[String(code)] ?? refusals[`${code} ${syscall}`];
  if (refusal === undefined) return error;
  const path = "path" in error && typeof error.path === "string" ? ` ${error.path}` : "";
  const { what, hint } = refusal;
  return new BerthError(refusal.code, `${syscall}${path}: ${what}`, { hint, cause: error });
}

const endSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const openFolders = new Set<string>();

/** Makes a folder of mode 0700 whose name tells which process it belongs to. */
export function temporaryFolder(prefix: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `${prefix}${machine()}-${process.pid}-`));
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
