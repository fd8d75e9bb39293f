/** What lies on disk at the paths that git lists. */
import { BerthError } from "../errors.ts";
import type { Files, Git } from "../world.ts";
import type { Listed } from "./listing.ts";
import { onceEach } from "./memo.ts";
import { folderOf, joinPath } from "./paths.ts";
import type { TreeEntry } from "./tree.ts";

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
