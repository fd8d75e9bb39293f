/** The file system behind the `Files` port, and what it refuses. */
import { randomBytes } from "node:crypto";
import { errorMonitor } from "node:events";
// `promises` is node:fs/promises, which is loaded only by who writes.
import {
  closeSync,
  createWriteStream,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  promises,
  readFileSync,
  readlinkSync,
  readSync,
} from "node:fs";
import { dirname } from "node:path";
import { BerthError, type ErrorCode } from "../errors.ts";
import type { FileEntry, Files, SeenFile } from "../world.ts";
import { temporaryFolder } from "./temporary.ts";

/**
 * Gives the real file system.
 *
 * Small reads are synchronous inside: for thousands of small files that is several times faster than
 * the thread pool.
 */
export function realFiles(): Files {
  return {
    read: async (path) => unlessAbsent(() => readAt(path)),
    readMany,
    write: writeWhole,
    entry: async (path) => entryAt(path),
    readLink: async (path) => readlinkSync(path, { encoding: "buffer" }),
    remove: (path) => promises.rm(path, { recursive: true, force: true }),
    temporary: async (prefix) => temporaryFolder(prefix),
    writer: (path) => createWriteStream(path).on(errorMonitor, (error) => withPath(error, path)),
  };
}

function readAt(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw withPath(error, path);
  }
}

/** Above it, what a file costs is its bytes. */
const mostSharedBytes = 256 * 1024;

/** Into memory for all of them: to open, read and close takes half of the time of `readFileSync`. */
async function readMany(seen: readonly SeenFile[]): Promise<readonly (Buffer | undefined)[]> {
  await new Promise(setImmediate);
  const shared = seen.filter(({ size }) => size <= mostSharedBytes);
  // One byte more for each tells whether that was its end.
  const room = Buffer.allocUnsafeSlow(shared.reduce((sum, { size }) => sum + size + 1, 0));
  let at = 0;
  return seen.map(({ path, size }) => {
    const isRead = size <= mostSharedBytes && readInto(room.subarray(at, at + size + 1), path);
    if (!isRead) return unlessAbsent(() => readAt(path));
    at += size;
    return room.subarray(at - size, at);
  });
}

/** Whether a file fills this but for the last byte; whatever else it is or does is told by who reads it alone. */
function readInto(place: Buffer, path: string): boolean {
  try {
    const file = openSync(path, "r");
    try {
      return readSync(file, place) === place.length - 1;
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
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

/** Makes a folder and those above it; Node's own way tries for ever where nothing can be made in one that is there, such as /proc. */
export function makeFolder(path: string, mode?: number): void {
  if (existsSync(path) || dirname(path) === path) return;
  makeFolder(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another process may have made it at this moment.
    if (!isSystemError(error, "EEXIST")) throw error;
  }
}

async function writeWhole(path: string, data: string | Uint8Array, mode?: number): Promise<void> {
  makeFolder(dirname(path));
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
  return error instanceof Error ? Object.assign(error, { path }) : error;
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

export const manyFiles = "raise the limits of open files (ulimit -n, sysctl fs.file-max)";

/** By the codes of errno(3), of one that may mean anything with the call's name. */
const refusals: Readonly<Record<string, Refusal>> = {
  "ENOENT mkdir": refused("no folder can be made there", elsewhere),
  "ENOENT mkdtemp": refused("its folder is not there", elsewhere),
  "ENOENT uv_cwd": refused("the folder that this runs in is gone", "change to one that is there"),
  EACCES: refused("permission denied", rights),
  EPERM: refused("operation not permitted", rights),
  EROFS: refused("the file system is read-only", elsewhere),
  EISDIR: refused("it is a folder", "name a file"),
  ENOTDIR: refused("a part of the path is a file", "name a path whose parents are folders"),
  ELOOP: refused("its links lead in a circle", "mend the link"),
  ENAMETOOLONG: refused("the name is too long", "name a shorter path"),
  EMFILE: refused("too many open files", manyFiles),
  ENFILE: refused("too many open files on this machine", manyFiles),
  EFBIG: refused("larger than a file may be here", `raise the limit (ulimit -f); ${elsewhere}`),
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
