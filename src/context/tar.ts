/** The one canonical tar of a context: what is hashed is what is built. */
import { isUtf8 } from "node:buffer";
import { createHash, hash as hashOf } from "node:crypto";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BerthError } from "../errors.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import type { ContextEntry } from "./context.ts";
import { comparePaths, folderOf, foldersAbove, pathBelow } from "./paths.ts";
import type { Tree } from "./tree.ts";
import { endOfTar, tarEntry } from "./ustar.ts";

export interface PackedContext {
  readonly digest: Digest;
  /** Files that only say where Git LFS has their content. */
  readonly pointers: readonly ContextEntry[];
}

/**
 * The time of folders, in seconds, and the earliest of files: 1 February 1980, since zip (and with it
 * Python's wheels) holds nothing before that year, whatever the time zone.
 */
export const folderTime = 318_211_200;
const timeSpan = 30 * 365 * 86_400;

/**
 * The time of a file or a link, in seconds: it follows from the content, so that engines that compare
 * metadata alone (storage driver vfs, buildx's transfer) see each change, and equal content stays equal.
 */
export function contentTime(content: Buffer): number {
  return folderTime + (Number.parseInt(hashOf("sha256", content).slice(0, 8), 16) % timeSpan);
}

/** So much is hashed and written at once, for many small pieces cost more than copying them. */
const batchBytes = 256 * 1024;

/**
 * Writes a context as its canonical tar, hashed on the way, into `sink` where one is given (and ends it).
 *
 * Entries in the order of their path's bytes, the folders above them included; modes 0755 for folders,
 * 0644 or 0755 for files, 0777 for links; owner 0, no names, times that follow from the content.
 */
export async function packContext(
  tree: Tree,
  contextFolder: string,
  entries: readonly ContextEntry[],
  sink?: Writable,
): Promise<PackedContext> {
  const hash = createHash("sha256");
  const pointers: ContextEntry[] = [];
  const hashed = async function* (): AsyncGenerator<readonly Buffer[]> {
    const all = withFolders(entries, contextFolder);
    for await (const pieces of tarPieces(tree, contextFolder, all, pointers)) {
      for (const piece of pieces) hash.update(piece);
      yield pieces;
    }
  };
  if (sink === undefined) for await (const _ of hashed());
  else await pipeline(joined(hashed()), sink);
  const digest = parseDigest(`sha256:${hash.digest("hex")}`) as Digest;
  return { digest, pointers };
}

async function* joined(all: AsyncIterable<readonly Buffer[]>): AsyncGenerator<Buffer> {
  for await (const pieces of all) yield Buffer.concat(pieces);
}

/** The tar, a batch after the other; `pointers` gets the files that only say where Git LFS has their content. */
async function* tarPieces(
  tree: Tree,
  contextFolder: string,
  entries: readonly ContextEntry[],
  pointers: ContextEntry[],
): AsyncGenerator<readonly Buffer[]> {
  const nextContent = contentsOf(tree, entries);
  let batch: Buffer[] = [];
  let length = 0;
  for (const entry of entries) {
    const content = await nextContent();
    if (entry.kind === "file" && isPointer(content)) pointers.push(entry);
    batch.push(...entryPieces(contextFolder, entry, content));
    length += 512 + (content?.length ?? 0);
    if (length < batchBytes) continue;
    yield batch;
    batch = [];
    length = 0;
  }
  yield [...batch, endOfTar];
}

/** What the tar holds for one entry. */
function entryPieces(
  contextFolder: string,
  { path, kind, executable }: ContextEntry,
  content: Buffer | undefined,
): readonly Buffer[] {
  const common = { name: pathBelow(path, contextFolder), linkname: "" };
  if (content === undefined)
    return tarEntry({ ...common, type: "directory", mode: 0o755, mtime: folderTime });
  const mtime = contentTime(content);
  if (kind === "symlink") {
    const linkname = linkText(content, path);
    return tarEntry({ ...common, type: "symlink", mode: 0o777, linkname, mtime });
  }
  return tarEntry({ ...common, type: "file", mode: executable ? 0o755 : 0o644, mtime }, content);
}

/** A tar spells a link's target as text that ends with a zero byte; another would be cut or changed. */
function linkText(target: Buffer, path: string): string {
  if (target.length > 0 && !target.includes(0) && isUtf8(target)) return target.toString();
  throw new BerthError("CONTEXT_INVALID", `pack link ${path}: its target is not UTF-8 text`, {
    hint: "make the link anew, or exclude it in .dockerignore",
  });
}

/** Adds the folders above the entries, up to the context's; sorted, so that each comes after its own folder. */
function withFolders(
  entries: readonly ContextEntry[],
  contextFolder: string,
): readonly ContextEntry[] {
  const known = new Set(["", contextFolder, ...foldersAbove(contextFolder)]);
  const all = [...entries];
  const add = (path: string, line: number): void => {
    if (known.has(path)) return;
    known.add(path);
    all.push({ path, kind: "folder", executable: false, line });
    add(folderOf(path), line);
  };
  for (const { path, line } of entries) add(folderOf(path), line);
  return all.sort((a, b) => comparePaths(a.path, b.path));
}

/** Gives the contents of entries, one after the other; some are asked for ahead and arrive meanwhile, no more than the tree wants. */
function contentsOf(
  tree: Tree,
  entries: readonly ContextEntry[],
): () => Promise<Buffer | undefined> {
  const { readAhead = 1 } = tree;
  const asked: Promise<Buffer | undefined>[] = [];
  let next = 0;
  const ask = (entry: ContextEntry): void => {
    const content = contentOf(tree, entry);
    // Who takes it is told of a failure; until then it is nobody's.
    content.catch(() => undefined);
    asked.push(content);
  };
  return async () => {
    // Many at once, since what is asked of git in one turn is one write.
    if (asked.length <= readAhead / 2) {
      const end = next + readAhead - asked.length;
      for (const entry of entries.slice(next, end)) ask(entry);
      next = end;
    }
    return asked.shift();
  };
}

const maxPointerBytes = 1024;
const pointerStart = "version https://git-lfs.github.com/spec/v1\n";

/** Whether a file only says where Git LFS has its content. */
function isPointer(content: Buffer | undefined): boolean {
  return (
    content !== undefined &&
    content.length <= maxPointerBytes &&
    content.toString("latin1", 0, pointerStart.length) === pointerStart
  );
}

/** What Node reads at once. */
const mostBytes = 2 ** 31 - 1;

/** The bytes of a file, the target of a link; a folder has none. */
async function contentOf(
  tree: Tree,
  { path, kind, size = 0 }: ContextEntry,
): Promise<Buffer | undefined> {
  if (kind === "folder") return undefined;
  const content = size > mostBytes ? undefined : await tree.read(path);
  if ((content?.length ?? size) > mostBytes)
    throw new BerthError("CONTEXT_INVALID", `pack ${path} of ${tree.label}: larger than 2 GiB`, {
      hint: "exclude it in .dockerignore, or fetch it in the build",
    });
  if (content !== undefined) return content;
  throw new BerthError("CONTEXT_INVALID", `pack ${path} of ${tree.label}: it is gone`, {
    hint: "do not change files while berth reads them",
  });
}
