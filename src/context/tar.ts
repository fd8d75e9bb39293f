/** The one canonical tar of a context: what is hashed is what is built. */
import { isUtf8 } from "node:buffer";
import { createHash, hash as hashOf } from "node:crypto";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BerthError } from "../errors.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import { contentsOf, isPointer } from "./contents.ts";
import type { ContextEntry } from "./context.ts";
import { comparePaths, foldersAbove, joinPath } from "./paths.ts";
import type { Tree } from "./tree.ts";

export interface PackedContext {
  readonly digest: Digest;
  /** How many files and links. */
  readonly files: number;
  /** Length of the tar. */
  readonly bytes: number;
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

/** Two blocks of zeros; an empty tar is nothing else. */
const endOfTar = Buffer.alloc(1024);
const zeros = Buffer.alloc(512);
/** Pieces are joined up to this size, for writing many small ones costs more than copying them. */
const blockBytes = 256 * 1024;

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
  let bytes = 0;
  const hashed = async function* (): AsyncGenerator<readonly Buffer[]> {
    for await (const pieces of tarPieces(tree, contextFolder, withFolders(entries), pointers)) {
      for (const piece of pieces) {
        hash.update(piece);
        bytes += piece.length;
      }
      yield pieces;
    }
  };
  if (sink === undefined) for await (const _ of hashed());
  else await pipeline(joined(hashed()), sink);
  const files = entries.filter(({ kind }) => kind !== "folder").length;
  const digest = parseDigest(`sha256:${hash.digest("hex")}`) as Digest;
  return { digest, files, bytes, pointers };
}

/** What the tar holds for one entry after the other; `pointers` gets the files that are no more than that. */
async function* tarPieces(
  tree: Tree,
  contextFolder: string,
  entries: readonly ContextEntry[],
  pointers: ContextEntry[],
): AsyncGenerator<readonly Buffer[]> {
  const contents = contentsOf(tree, contextFolder, entries);
  for (const entry of entries) {
    const content = (await contents.next()).value;
    if (entry.kind === "file" && isPointer(content)) pointers.push(entry);
    yield await entryPieces(contextFolder, entry, content);
  }
  yield [endOfTar];
}

async function* joined(all: AsyncIterable<readonly Buffer[]>): AsyncGenerator<Buffer> {
  let pending: Buffer[] = [];
  let length = 0;
  for await (const pieces of all) {
    for (const piece of pieces) {
      pending.push(piece);
      length += piece.length;
    }
    if (length < blockBytes) continue;
    yield Buffer.concat(pending, length);
    pending = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(pending, length);
}

/** What the tar holds for one entry. */
function entryPieces(
  contextFolder: string,
  { path, kind, executable }: ContextEntry,
  content: Buffer | undefined,
): Promise<readonly Buffer[]> {
  const common = { name: path, size: 0, linkname: "" };
  if (content === undefined)
    return pieces({ ...common, type: "directory", mode: 0o755, mtime: folderTime }, undefined);
  const mtime = contentTime(content);
  if (kind === "symlink") {
    const linkname = linkText(content, joinPath(contextFolder, path));
    return pieces({ ...common, type: "symlink", mode: 0o777, linkname, mtime }, undefined);
  }
  const mode = executable ? 0o755 : 0o644;
  return pieces({ ...common, type: "file", mode, size: content.length, mtime }, content);
}

/** Most entries need no more than a plain header; the library writes the rest, pax headers and all. */
async function pieces(header: TarHeader, content: Buffer | undefined): Promise<readonly Buffer[]> {
  const block = ustarHeader(header);
  if (block === undefined) return [await paxEntry(header, content)];
  if (content === undefined) return [block];
  const rest = content.length % 512;
  return rest === 0 ? [block, content] : [block, content, zeros.subarray(rest)];
}

async function paxEntry(header: TarHeader, content: Buffer | undefined): Promise<Buffer> {
  // Loaded here, so that nobody else waits for it.
  const { pack } = await import("tar-stream");
  const tar = pack();
  const { name, linkname, mtime, ...rest } = header;
  const written = {
    ...rest,
    name,
    mtime: new Date(mtime * 1000),
    uid: 0,
    gid: 0,
    ...(linkname === "" ? {} : { linkname }),
  };
  if (content === undefined) tar.entry(written);
  else tar.entry(written, content);
  tar.finalize();
  // A stream of its own kind, whose type does not say that it can be iterated.
  const whole = Buffer.concat(await Array.fromAsync(tar as unknown as AsyncIterable<Buffer>));
  return whole.subarray(0, whole.length - endOfTar.length);
}

/** A tar spells a link's target as text that ends with a zero byte; another would be cut or changed. */
function linkText(target: Buffer, path: string): string {
  if (target.length > 0 && !target.includes(0) && isUtf8(target)) return target.toString();
  throw new BerthError("CONTEXT_INVALID", `pack link ${path}: its target is not UTF-8 text`, {
    hint: "make the link anew, or exclude it in .dockerignore",
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

export interface TarHeader {
  readonly name: string;
  readonly type: "file" | "directory" | "symlink";
  readonly mode: number;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly linkname: string;
}

const typeFlags = { file: "0", symlink: "2", directory: "5" } as const;
const maxSize = 0o77777777777;
/** What all headers have in common: owner 0 and no device. */
const template = makeTemplate();
const templateSum = template.reduce((sum, byte) => sum + byte, 0);

/**
 * Encodes a header in the plain form (POSIX.1-1988 ustar), as tar-stream writes it; `undefined` where that cannot hold it (a long or non-ASCII name, a size
 * over 8 GiB), which pax headers are for.
 */
export function ustarHeader(header: TarHeader): Buffer | undefined {
  const { name, type, mode, size, mtime, linkname } = header;
  if (name.length > 100 || linkname.length > 100 || size > maxSize) return undefined;
  if (!isAscii(name) || !isAscii(linkname)) return undefined;
  const block = Buffer.from(template);
  let sum = templateSum;
  const put = (text: string, at: number): void => {
    block.write(text, at, "latin1");
    for (let index = 0; index < text.length; index++) sum += text.charCodeAt(index);
  };
  put(name, 0);
  put(octal(mode, 6), 100);
  put(octal(size, 11), 124);
  put(octal(mtime, 11), 136);
  put(typeFlags[type], 156);
  put(linkname, 157);
  block.write(`${octal(sum, 6)}\0`, 148, "latin1");
  return block;
}

function makeTemplate(): Buffer {
  const block = Buffer.alloc(512);
  for (const at of [108, 116, 329, 337]) block.write(octal(0, 6), at, "latin1");
  // The sum counts its own field as eight blanks.
  block.write(" ".repeat(8), 148, "latin1");
  block.write("ustar", 257, "latin1");
  block.write("00", 263, "latin1");
  return block;
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, "0")} `;
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the question is about bytes
  return /^[\x00-\x7f]*$/.test(text);
}
