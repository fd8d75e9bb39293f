/** The project's files as git lists them (`git ls-files -z -v -s --cached --others`), and what lies on disk at these paths. */
import { isUtf8 } from "node:buffer";
import { BerthError } from "../errors.ts";
import { few } from "../printable.ts";
import type { Files, Git } from "../world.ts";
import { onceEach } from "./memo.ts";
import { comparePaths, folderOf, joinPath, nameOf, starsMatcher } from "./paths.ts";
import type { TreeEntry } from "./tree.ts";

/** One path that git tracks or sees as new. */
export interface Listed {
  readonly path: string;
  /** What the index says; `new` where git does not track it, which is a file or a link. */
  readonly kind: "file" | "executable" | "symlink" | "repository" | "new";
  /** What the index has; `""` where git does not track it. */
  readonly id: string;
  /** Git does not look at what lies on disk: not checked out, or told to assume that it is unchanged. */
  readonly overlooked: "skip-worktree" | "assume-unchanged" | undefined;
}

export interface GitListing {
  /** What git says of a path; of the stages of a conflict the first. */
  entry(path: string): Listed | undefined;
  /** The names in a folder (`""` is the top), `undefined` for folders; of those that come twice the first counts. */
  members(folder: string): Iterable<readonly [name: string, listed: Listed | undefined]>;
  /** Whether the index has a path, or something below it. */
  tracks(path: string): boolean;
  /** Paths of which the last element fits one of the globs, each once. */
  find(globs: readonly string[]): readonly string[];
  /** Whether a name holds what is not UTF-8, for which the character U+FFFD stands. */
  isDamaged(name: string): boolean;
}

/** The question for what git tracks or sees as new, in whichever folder it is asked. */
export const listArgs: readonly string[] =
  "ls-files -z -v -s --cached --others --exclude-standard --full-name -- :/".split(" ");

/** Reads the answer; of thousands of paths a run needs few, so they are put in order and no more. */
export function parseListing(output: Buffer): GitListing {
  const text = output.toString();
  const isWhole = isUtf8(output);
  const records = text.split("\0").slice(0, -1);
  // Git sorts what is new and what it tracks, each on its own, and by the bytes that names had.
  if (records[0]?.startsWith("?") || !isWhole)
    records.sort((a, b) => comparePaths(pathOf(a), pathOf(b)));
  return {
    entry(path) {
      const record = records[firstFrom(records, path)];
      return record !== undefined && pathOf(record) === path ? parseRecord(record) : undefined;
    },
    members: (folder) => membersOf(records, folder),
    tracks: (path) => isTracked(records, path) || isTracked(records, `${path}/`),
    find(globs) {
      // Of the many names that files can have, most are nowhere.
      const isThere = (part: string): boolean => text.includes(part);
      const fits = starsMatcher(globs.filter((glob) => glob.split("*").every(isThere)));
      return [...new Set(records.map(pathOf).filter((path) => fits(nameOf(path))))];
    },
    isDamaged: (name) => !isWhole && name.includes("\ufffd"),
  };
}

/** The index of the first record that is not in front of a path. */
function firstFrom(records: readonly string[], path: string, from = 0): number {
  let [low, high] = [from, records.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comparePaths(pathOf(records[middle]!), path) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether the index has the path, or where that ends in `/` something below it. */
function isTracked(records: readonly string[], path: string): boolean {
  for (let at = firstFrom(records, path); at < records.length; at++) {
    const found = pathOf(records[at]!);
    if (path.endsWith("/") ? !found.startsWith(path) : found !== path) return false;
    if (!records[at]!.startsWith("?")) return true;
  }
  return false;
}

function* membersOf(
  records: readonly string[],
  folder: string,
): Generator<readonly [string, Listed | undefined]> {
  const front = folder === "" ? "" : `${folder}/`;
  for (let at = firstFrom(records, front); at < records.length; ) {
    const record = records[at]!;
    const path = pathOf(record);
    if (!path.startsWith(front)) break;
    const end = path.indexOf("/", front.length);
    const name = path.slice(front.length, end < 0 ? undefined : end);
    yield [name, end < 0 ? parseRecord(record) : undefined];
    // All that is in a folder stands together, in front of what `0`, the character behind `/`, would follow.
    at = end < 0 ? at + 1 : firstFrom(records, `${front}${name}0`, at + 1);
  }
}

/** `? path` for what is new (`path/` for a repository of its own), `H mode id stage<TAB>path` for the rest. */
function pathOf(record: string): string {
  if (!record.startsWith("?")) return record.slice(record.indexOf("\t") + 1);
  return record.endsWith("/") ? record.slice(2, -1) : record.slice(2);
}

function parseRecord(record: string): Listed {
  const path = pathOf(record);
  if (record.startsWith("?"))
    return {
      path,
      kind: record.endsWith("/") ? "repository" : "new",
      id: "",
      overlooked: undefined,
    };
  const kind = kinds.get(record.slice(2, 8)) ?? "file";
  const id = record.slice(9, record.indexOf(" ", 9));
  return { path, kind, id, overlooked: overlookedBy(record[0] ?? "") };
}

/** By git's modes. */
const kinds = new Map<string, Listed["kind"]>([
  ["100755", "executable"],
  ["120000", "symlink"],
  ["160000", "repository"],
]);

/** `S` is what is not checked out, a small letter what is assumed to be unchanged. */
function overlookedBy(tag: string): Listed["overlooked"] {
  if (tag === "S" || tag === "s") return "skip-worktree";
  return tag >= "a" && tag <= "z" ? "assume-unchanged" : undefined;
}

export function unreadableNames(
  names: readonly string[],
  folder: string,
  label: string,
): BerthError {
  return new BerthError(
    "CONTEXT_INVALID",
    `list ${folder === "" ? "all files" : folder} of ${label}: the name ${few(names, 1)} is not UTF-8`,
    { hint: "rename the file: a name that is not UTF-8 has no one meaning in an image" },
  );
}

/** Sees what is on disk at a path below our top, for what git lists there; `undefined` where it was deleted or is hidden behind a link. */
export type Look = (path: string, listed: Listed) => Promise<TreeEntry | undefined>;

/** Makes a look that remembers, for one run, which folders are folders and not links. */
export function diskLook(git: Git, files: Files): Look {
  const see = plainLook(git, files);
  const overlooked: Look = async (path, listed) => {
    const entry = await see(path, listed);
    if (entry === undefined) return absent(path, listed);
    if (entry.kind === "submodule" || (await isUnchanged(entry, listed, git, files))) return entry;
    const way = `git update-index --no-${listed.overlooked} ${path}`;
    return { ...entry, absent: `${path}, of which git is told to overlook changes: ${way}` };
  };
  return (path, listed) =>
    listed.overlooked === undefined ? see(path, listed) : overlooked(path, listed);
}

/** Sees what is on disk, whatever git is told to overlook. */
function plainLook(git: Git, files: Files): Look {
  const realFolders = new Set<string>([""]);
  const isRealFolder = async (folder: string): Promise<boolean> => {
    if (realFolders.has(folder)) return true;
    const onDisk = await files.entry(joinPath(git.root, folder));
    if (onDisk?.kind !== "directory" || !(await isRealFolder(folderOf(folder)))) return false;
    realFolders.add(folder);
    return true;
  };
  // Asked only where disk and index disagree: a file system without modes or links must not change a key.
  const setting = onceEach<boolean>();
  const isOn = (name: string): Promise<boolean> =>
    setting(name, async () => {
      const answer = await git.run(["config", "--type=bool", "--default=true", name]);
      return answer.toString().trim() === "true";
    });
  return async (path, { kind }) => {
    const onDisk = await files.entry(joinPath(git.root, path));
    const folder = folderOf(path);
    if (onDisk === undefined || !(realFolders.has(folder) || (await isRealFolder(folder))))
      return undefined;
    if (kind === "repository")
      return onDisk.kind === "directory"
        ? { path, kind: "submodule", executable: false }
        : undefined;
    if (onDisk.kind === "symlink") return { path, kind: "symlink", executable: false };
    if (onDisk.kind !== "file") return undefined;
    const { executable, size } = onDisk;
    if (kind === "symlink" && !(await isOn("core.symlinks")))
      return { path, kind, executable: false, size };
    const inIndex = kind === "executable";
    const counts = kind === "new" || inIndex === executable || (await isOn("core.fileMode"));
    return { path, kind: "file", executable: counts ? executable : inIndex, size };
  };
}

async function isUnchanged(
  entry: TreeEntry,
  { id, kind }: Listed,
  git: Git,
  files: Files,
): Promise<boolean> {
  if (entry.kind === "symlink") {
    const target = await readSeen(git, files, entry);
    return target?.equals((await git.object(id))?.bytes ?? Buffer.alloc(0)) === true;
  }
  const answer = await git.run(["hash-object", "--", entry.path]);
  return answer.toString().trim() === id && entry.executable === (kind === "executable");
}

/** What a sparse checkout leaves out, or somebody took away: the project has it, but nobody can read it. */
function absent(path: string, { kind, overlooked }: Listed): TreeEntry {
  const why =
    overlooked === "skip-worktree"
      ? `which is not checked out (sparse checkout): git sparse-checkout add ${folderOf(path) || path}`
      : `which is gone without git's knowing: git checkout -- ${path}`;
  return {
    path,
    kind: kind === "repository" ? "submodule" : kind === "symlink" ? "symlink" : "file",
    executable: kind === "executable",
    absent: `${path}, ${why}`,
  };
}

/** Reads what was seen as a file or a link. */
export async function readSeen(
  git: Git,
  files: Files,
  { path, kind, size, absent: reason }: TreeEntry,
): Promise<Buffer | undefined> {
  if (reason !== undefined) {
    const [what, hint = ""] = reason.split(/: (?=git )/);
    throw new BerthError("CONTEXT_ABSENT", `read ${what}`, { hint });
  }
  const absolute = joinPath(git.root, path);
  // Without links in the file system, git keeps them as files, which have a size.
  return kind === "symlink" && size === undefined ? files.readLink(absolute) : files.read(absolute);
}
