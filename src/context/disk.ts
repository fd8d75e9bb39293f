/** What lies on disk at the paths that git lists. */
import { BerthError } from "../errors.ts";
import type { Files, Git } from "../world.ts";
import type { Listed, Tracked } from "./listing.ts";
import { onceEach } from "./memo.ts";
import { folderOf, joinPath } from "./paths.ts";
import type { TreeEntry } from "./tree.ts";

/** Sees what is on disk at a path; `undefined` where it was deleted or is hidden behind a link. */
export type Look = (listed: Listed) => Promise<TreeEntry | undefined>;

/** What Node reads at once. */
const maxFileBytes = 2 ** 31 - 1;

/** Makes a look that remembers, for one run, which folders are folders and not links. */
export function diskLook(git: Git, files: Files): Look {
  const see = plainLook(git, files);
  return async (listed) => {
    const entry = await see(listed);
    const { tracked } = listed;
    if (tracked?.overlooked === undefined) return entry;
    if (entry === undefined) return absent(listed, tracked);
    if (entry.kind === "submodule" || (await isUnchanged(entry, tracked, git, files))) return entry;
    const way = `git update-index --no-${tracked.overlooked} ${entry.path}`;
    return { ...entry, absent: `${entry.path}, of which git is told to overlook changes: ${way}` };
  };
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
  return async ({ path, kind, tracked }) => {
    const onDisk = await files.entry(joinPath(git.root, path));
    if (onDisk === undefined || !(await isRealFolder(folderOf(path)))) return undefined;
    if (kind === "repository") {
      return onDisk.kind === "directory"
        ? { path, kind: "submodule", executable: false }
        : undefined;
    }
    if (onDisk.kind === "symlink") return { path, kind: "symlink", executable: false };
    if (onDisk.kind !== "file") return undefined;
    const { executable, size } = onDisk;
    if (tracked?.symlink && !(await isOn("core.symlinks"))) {
      return { path, kind: "symlink", executable: false, size };
    }
    const agrees = tracked === undefined || tracked.executable === executable;
    if (agrees || (await isOn("core.fileMode"))) return { path, kind: "file", executable, size };
    return { path, kind: "file", executable: tracked.executable, size };
  };
}

async function isUnchanged(
  entry: TreeEntry,
  { id, executable }: Tracked,
  git: Git,
  files: Files,
): Promise<boolean> {
  if (entry.kind === "symlink") {
    const target = await readSeen(git, files, entry);
    return target?.equals((await git.object(id))?.bytes ?? Buffer.alloc(0)) === true;
  }
  const answer = await git.run(["hash-object", "--", entry.path]);
  return answer.toString().trim() === id && entry.executable === executable;
}

/** What a sparse checkout leaves out, or somebody took away: the project has it, but nobody can read it. */
function absent({ path, kind }: Listed, { executable, symlink, overlooked }: Tracked): TreeEntry {
  const why =
    overlooked === "skip-worktree"
      ? `which is not checked out (sparse checkout): git sparse-checkout add ${folderOf(path) || path}`
      : `which is gone without git's knowing: git checkout -- ${path}`;
  return {
    path,
    kind: kind === "repository" ? "submodule" : symlink ? "symlink" : "file",
    executable,
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
  if (kind === "symlink" && size === undefined) return files.readLink(absolute);
  if ((size ?? 0) <= maxFileBytes) return files.read(absolute);
  throw new BerthError("CONTEXT_INVALID", `read ${path}: larger than 2 GiB`, {
    hint: "exclude it in .dockerignore, or fetch it in the build",
  });
}
