/** Laying out a canonical context for an engine. */
import {
  chmodSync,
  closeSync,
  constants,
  createReadStream,
  fchmodSync,
  futimesSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import type { Header } from "tar-stream";
import { folderTime } from "../context/tar.ts";
import { BerthError } from "../errors.ts";
import { makeFolder } from "./files.ts";

/** The library's streams are of their own kind; these are the parts of them that are used. */
type Entry = Readable & { readonly header: Header };

/**
 * Makes a folder of what is in a tar that `packContext` wrote, an empty one without a tar: modes exactly as they
 * stand there, whatever the umask, and times too, those of folders and links included.
 *
 * Refuses an entry that would lie outside the folder or that is not below a folder of the same tar.
 */
export async function unpackTar(tarPath: string | undefined, folder: string): Promise<void> {
  makeFolder(folder);
  chmodSync(folder, 0o755);
  if (tarPath === undefined) return;
  const { extract } = await import("tar-stream");
  const tar = extract();
  const source = createReadStream(tarPath, { highWaterMark: 256 * 1024 });
  const sink = tar as unknown as Writable;
  source.on("error", (error) => sink.destroy(error));
  source.pipe(sink);
  const folders = new Map<string, Pick<Header, "mode" | "mtime">>([
    ["", { mode: 0o755, mtime: new Date(folderTime * 1000) }],
  ]);
  for await (const entry of tar as unknown as AsyncIterable<Entry>) {
    const { header } = entry;
    checkPlace(header, folders, tarPath);
    if (header.type === "directory") folders.set(header.name, header);
    await layOut(entry, join(folder, header.name), tarPath);
  }
  // Last and deepest first: each new entry would move its folder's time again.
  for (const [path, { mode, mtime }] of [...folders].reverse()) {
    chmodSync(join(folder, path), mode);
    utimesSync(join(folder, path), mtime, mtime);
  }
}

/** A parent that this tar made is a real folder, so nothing is written through a link. */
function checkPlace(
  { name }: Header,
  folders: ReadonlyMap<string, unknown>,
  tarPath: string,
): void {
  const parts = name.split("/");
  const parent = parts.slice(0, -1).join("/");
  const isPlain = parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (isPlain && !name.includes("\0") && folders.has(parent)) return;
  throw refusal(tarPath, name, "not a path below a folder of this tar");
}

function refusal(tarPath: string, name: string, reason: string): BerthError {
  const message = `unpack ${tarPath}: entry ${JSON.stringify(name)}: ${reason}`;
  return new BerthError("CONTEXT_INVALID", message);
}

async function layOut(entry: Entry, path: string, tarPath: string): Promise<void> {
  const { type, name, mode, mtime, linkname } = entry.header;
  if (type === "file") return layOutFile(entry, path, mode, mtime);
  if (type === "directory") mkdirSync(path);
  else if (type === "symlink" && linkname) {
    symlinkSync(linkname, path);
    lutimesSync(path, mtime, mtime);
  } else throw refusal(tarPath, name, `of type ${type}`);
  entry.resume();
}

async function layOutFile(entry: Entry, path: string, mode: number, mtime: Date): Promise<void> {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const file = openSync(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600);
  try {
    for await (const chunk of entry) writeAll(file, chunk);
    fchmodSync(file, mode);
    futimesSync(file, mtime, mtime);
  } finally {
    closeSync(file);
  }
}

function writeAll(file: number, chunk: Buffer): void {
  for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
}
