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

/** So much is read, hashed and written at once; of a revision nothing tells the size before. */
const blockBytes = 256 * 1024;
const blockFiles = 64;

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
  // What is hashed and no more leaves its room to what follows.
  const room = sink === undefined ? Buffer.allocUnsafeSlow(2 * blockBytes) : undefined;
  const hashed = async function* (): AsyncGenerator<Buffer> {
    const all = withFolders(entries, contextFolder);
    for await (const pieces of tarPieces(tree, contextFolder, all, pointers)) {
      for (const piece of together(pieces, room)) {
        hash.update(piece);
        yield piece;
      }
    }
  };
  if (sink === undefined) for await (const _ of hashed());
  else await pipeline(hashed(), sink);
  const digest = parseDigest(`sha256:${hash.digest("hex")}`) as Digest;
  return { digest, pointers };
}

/** To hash and write small pieces by themselves costs more than to copy them; large ones are left where they are. */
function together(pieces: readonly Buffer[], room: Buffer | undefined): readonly Buffer[] {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (length > 2 * blockBytes) return pieces;
  const whole = room?.subarray(0, length) ?? Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const piece of pieces) at += piece.copy(whole, at);
  return [whole];
}

/** The tar, a block of entries after the other; `pointers` gets the files that only say where Git LFS has their content. */
async function* tarPieces(
  tree: Tree,
  contextFolder: string,
  entries: readonly ContextEntry[],
  pointers: ContextEntry[],
): AsyncGenerator<readonly Buffer[]> {
  for await (const block of blocksOf(tree, entries)) {
    const pieces: Buffer[] = [];
    for (const { entry, content } of block) {
      if (entry.kind === "file" && isPointer(content)) pointers.push(entry);
      pieces.push(...entryPieces(contextFolder, entry, content));
    }
    yield pieces;
  }
  yield [endOfTar];
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

/** An entry with the bytes of the file or the target of the link that it is. */
interface Filled {
  readonly entry: ContextEntry;
  readonly content: Buffer | undefined;
}

/**
 * Gives entries by blocks, for waiting for thousands of files one by one takes longer than reading them; git, another
 * process, reads the next one meanwhile.
 */
async function* blocksOf(
  tree: Tree,
  entries: readonly ContextEntry[],
): AsyncGenerator<readonly Filled[]> {
  const asked: Promise<readonly Filled[]>[] = [];
  for (let from = 0, to = 0; from < entries.length; from = to) {
    for (let bytes = 0; to < entries.length && to - from < blockFiles && bytes < blockBytes; to++)
      bytes += entries[to]?.size ?? 0;
    const block = fill(tree, entries.slice(from, to));
    // Who takes it is told of a failure; until then it is nobody's.
    block.catch(() => undefined);
    asked.push(block);
    if (asked.length > 1) yield (await asked.shift()) ?? [];
  }
  for (const block of asked) yield await block;
}

async function fill(tree: Tree, entries: readonly ContextEntry[]): Promise<readonly Filled[]> {
  const files = entries.filter(({ kind }) => kind !== "folder");
  for (const { path, size = 0 } of files) refuseLarge(path, tree, size);
  const found = (await tree.readMany(files.map(({ path }) => path))).values();
  return entries.map((entry) => {
    const { kind, path } = entry;
    if (kind === "folder") return { entry, content: undefined };
    const content = found.next().value;
    refuseLarge(path, tree, content?.length ?? 0);
    if (content !== undefined) return { entry, content };
    throw new BerthError("CONTEXT_INVALID", `pack ${path} of ${tree.label}: it is gone`, {
      hint: "do not change files while berth reads them",
    });
  });
}

const maxPointerBytes = 1024;
const pointerStart = "version https://git-lfs.github.com/spec/v1\n";

/** Whether a file only says where Git LFS has its content. */
function isPointer(content: Buffer | undefined): boolean {
  return (
    content !== undefined &&
    content.length <= maxPointerBytes &&
    content[0] === pointerStart.charCodeAt(0) &&
    content.toString("latin1", 0, pointerStart.length) === pointerStart
  );
}

/** What Node reads at once. */
const mostBytes = 2 ** 31 - 1;

function refuseLarge(path: string, { label }: Tree, size: number): void {
  if (size > mostBytes)
    throw new BerthError("CONTEXT_INVALID", `pack ${path} of ${label}: larger than 2 GiB`, {
      hint: "exclude it in .dockerignore, or fetch it in the build",
    });
}
