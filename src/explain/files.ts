/** The files of build contexts: read from the very bytes that are hashed, and compared. */
import { createHash } from "node:crypto";
import type { Writable } from "node:stream";
import { extract, type Header } from "tar-stream";
import { comparePaths, joinPath } from "../context/paths.ts";
import type { ContextSource } from "../context/source.ts";
import { sourceMatcher } from "../dockerfile/recipe.ts";
import type { Spool } from "../image/contexts.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import type { Difference, Reach } from "./difference.ts";
import type { ContextFile, Explained } from "./explained.ts";
import type { Source } from "./source.ts";

/** A place for contexts that keeps what is in them and none of their bytes. */
export function listingSpool(): {
  readonly spool: Spool;
  filesOf(name: string): readonly ContextFile[];
} {
  const listed = new Map<string, ContextFile[]>();
  return {
    async spool(name) {
      const files: ContextFile[] = [];
      listed.set(name, files);
      const sink = extract();
      sink.on("entry", (header, content, next) => {
        const hash = createHash("sha256").update(header.linkname ?? "");
        content.on("data", (bytes) => hash.update(bytes as Buffer));
        content.on("end", () => {
          files.push(fileOf(header, hash.digest("hex")));
          next();
        });
      });
      // A stream of its own kind, whose type does not say that Node's can be joined to it.
      return { path: "", sink: sink as unknown as Writable };
    },
    filesOf: (name) => withoutFilled(listed.get(name) ?? []),
  };
}

function fileOf({ name, type, mode = 0 }: Header, hex: string): ContextFile {
  const kind = type === "directory" ? "folder" : type === "symlink" ? "symlink" : "file";
  return {
    path: name.replace(/\/$/, ""),
    kind,
    executable: kind === "file" && (mode & 0o100) !== 0,
    content: parseDigest(`sha256:${hex}`) as Digest,
  };
}

/** Leaves out folders that are there for the files in them. */
function withoutFilled(files: readonly ContextFile[]): readonly ContextFile[] {
  const filled = new Set(files.map(({ path }) => path.replace(/\/?[^/]*$/, "")));
  return files.filter(({ kind, path }) => kind !== "folder" || !filled.has(path));
}

/** Compares two contexts file by file. */
export function fileDifferences(
  before: Explained,
  after: Explained,
  sources: { readonly old: Source; readonly new: Source },
): readonly Difference[] {
  const old = new Map(before.files.map((file) => [file.path, file]));
  const now = new Map(after.files.map((file) => [file.path, file]));
  const paths = [...new Set([...old.keys(), ...now.keys()])].sort(comparePaths);
  return paths.flatMap((path): Difference[] => {
    const change = changeOf(old.get(path), now.get(path));
    if (change === undefined) return [];
    const [side, source] =
      change === "removed" ? [before, sources.old] : ([after, sources.new] as const);
    return [
      {
        kind: "file",
        change,
        path: joinPath(side.image.context, path),
        executable: (now.get(path) ?? old.get(path))?.executable ?? false,
        reachedBy: reachOf(path, side, source),
      },
    ];
  });
}

function changeOf(old: ContextFile | undefined, now: ContextFile | undefined) {
  if (old === undefined) return "added";
  if (now === undefined) return "removed";
  if (old.kind !== now.kind) return "type";
  if (old.content !== now.content) return "content";
  return old.executable === now.executable ? undefined : "mode";
}

function reachOf(path: string, { recipe }: Explained, source: Source): Reach | null {
  const found = recipe.sources.find((one) => sourceMatcher(one)(path));
  const instruction = found && instructionAt(source, found.line);
  if (instruction === undefined) return null;
  return { file: source.file, ...instruction };
}

/** A source has the line of its own word, which may stand below the keyword's. */
function instructionAt(source: Source, line: ContextSource["line"]) {
  const begin = [...source.instructions.keys()].filter((one) => one <= line).at(-1);
  const keyword = begin === undefined ? undefined : source.instructions.get(begin)?.keyword;
  return begin === undefined || keyword === undefined
    ? undefined
    : { line: begin, keyword: keyword.toUpperCase() };
}
