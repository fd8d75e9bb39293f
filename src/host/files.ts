/** The file system behind the `Files` port. */
import { randomBytes } from "node:crypto";
import {
  createReadStream,
  createWriteStream,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
} from "node:fs";
import { chmod, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { FileEntry, Files } from "../world.ts";
import { temporaryFolder } from "./temporary.ts";

/**
 * Gives the real file system.
 *
 * Small reads are synchronous inside: for thousands of small files that is several times faster than
 * the thread pool.
 */
export function realFiles(): Files {
  return {
    read: async (path) => unlessAbsent(() => readFileSync(path)),
    write: writeWhole,
    entry: async (path) => entryAt(path),
    readLink: async (path) => readlinkSync(path, { encoding: "buffer" }),
    remove: (path) => rm(path, { recursive: true, force: true }),
    temporary: async (prefix) => temporaryFolder(prefix),
    writer: (path) => createWriteStream(path),
    reader: (path) => createReadStream(path),
  };
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
    await writeFile(draft, data, { flag: "wx", mode: mode ?? 0o666 });
    if (mode !== undefined) await chmod(draft, mode);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
