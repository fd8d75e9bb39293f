/** The one canonical tar of a context: what is hashed is what is built. */
import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Header, Pack } from "tar-stream";
import { BerthError } from "../errors.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import { comparePaths, foldersAbove, joinPath } from "./paths.ts";
import type { ContextEntry } from "./source.ts";
import type { Tree } from "./tree.ts";

export interface PackedContext {
  readonly digest: Digest;
  /** How many files and links. */
  readonly files: number;
  /** Length of the tar. */
  readonly bytes: number;
}

type Headers = Partial<Header> & Pick<Header, "name">;

/** 1 January 1980: not 0, since zip (and with it Python's wheels) cannot hold anything earlier. */
export const contextTime = new Date(315_532_800_000);

const emptyTar = Buffer.alloc(1024);
/** Small pieces are joined up to this size, for writing each by itself costs more than copying it. */
const blockBytes = 256 * 1024;

/**
 * Writes a context as its canonical tar, hashed on the way, into `sink` where one is given (and ends it).
 *
 * Entries in the order of their path's bytes, the folders above them included; modes 0755 for folders,
 * 0644 or 0755 for files, 0777 for links; owner 0, no names, one time for all.
 */
export async function packContext(
  tree: Tree,
  contextFolder: string,
  entries: readonly ContextEntry[],
  sink?: Writable,
): Promise<PackedContext> {
  const hash = createHash("sha256");
  let bytes = 0;
  const hashed = async function* (): AsyncGenerator<Buffer> {
    for await (const piece of tarPieces(tree, contextFolder, entries)) {
      hash.update(piece);
      bytes += piece.length;
      yield piece;
    }
  };
  if (sink === undefined) for await (const _ of hashed());
  else await pipeline(joined(hashed()), sink);
  const files = entries.filter(({ kind }) => kind !== "folder").length;
  return { digest: parseDigest(`sha256:${hash.digest("hex")}`) as Digest, files, bytes };
}

async function* tarPieces(
  tree: Tree,
  contextFolder: string,
  entries: readonly ContextEntry[],
): AsyncGenerator<Buffer> {
  if (entries.length === 0) {
    yield emptyTar;
    return;
  }
  // Loaded here, so that projects whose images COPY nothing do not wait for it.
  const { pack } = await import("tar-stream");
  const tar = pack();
  const written = writeEntries(tar, tree, contextFolder, withFolders(entries));
  // Whatever ends the writing ends the reading, which would wait for ever otherwise.
  written.catch((error: Error) => tar.destroy(error));
  // A stream of its own kind, whose type does not say that it can be iterated.
  yield* tar as unknown as AsyncIterable<Buffer>;
  await written;
}

async function* joined(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let pending: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    if (chunk.length < blockBytes) {
      pending.push(chunk);
      length += chunk.length;
      if (length < blockBytes) continue;
    }
    if (pending.length > 0) yield Buffer.concat(pending);
    pending = [];
    length = 0;
    if (chunk.length >= blockBytes) yield chunk;
  }
  if (pending.length > 0) yield Buffer.concat(pending);
}

async function writeEntries(
  tar: Pack,
  tree: Tree,
  contextFolder: string,
  entries: readonly ContextEntry[],
): Promise<void> {
  for (const entry of entries) {
    const header = headerOf(entry);
    if (entry.kind === "folder") {
      await write(tar, header);
      continue;
    }
    const path = joinPath(contextFolder, entry.path);
    const content = await tree.read(path);
    if (content === undefined) {
      throw new BerthError("CONTEXT_INVALID", `pack ${path} of ${tree.label}: it is gone`, {
        hint: "do not change files while berth reads them",
      });
    }
    if (entry.kind === "file") await write(tar, header, content);
    else await write(tar, { ...header, linkname: linkText(content, path) });
  }
  tar.finalize();
}

function headerOf({ path, kind, executable }: ContextEntry): Headers {
  const common = { name: path, mtime: contextTime, uid: 0, gid: 0 };
  if (kind === "folder") return { ...common, type: "directory", mode: 0o755 };
  if (kind === "symlink") return { ...common, type: "symlink", mode: 0o777 };
  return { ...common, type: "file", mode: executable ? 0o755 : 0o644 };
}

/** A tar spells a link's target as text that ends with a zero byte; another would be cut or changed. */
function linkText(target: Buffer, path: string): string {
  if (target.length > 0 && !target.includes(0) && isUtf8(target)) return target.toString();
  throw new BerthError("CONTEXT_INVALID", `pack link ${path}: its target is not UTF-8 text`, {
    hint: "make the link anew, or exclude it in .dockerignore",
  });
}

function write(tar: Pack, header: Headers, content?: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    // The library waits for bytes where a buffer has none to give, unless it is told the size.
    if (content === undefined) tar.entry(header, done);
    else tar.entry({ ...header, size: content.length }, content, done);
  });
}

/** Adds the folders above the entries; sorted, so that each comes after its own folder. */
function withFolders(entries: readonly ContextEntry[]): readonly ContextEntry[] {
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  for (const { path } of entries) {
    for (const folder of foldersAbove(path)) {
      if (!byPath.has(folder))
        byPath.set(folder, { path: folder, kind: "folder", executable: false });
    }
  }
  return [...byPath.values()].sort((a, b) => comparePaths(a.path, b.path));
}
