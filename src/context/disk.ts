/** What lies on disk at the paths that git lists. */
import { BerthError } from "../errors.ts";
import type { Files, Git } from "../world.ts";
import type { Listed } from "./listing.ts";
import { folderOf, joinPath } from "./paths.ts";
import type { TreeEntry } from "./tree.ts";

/** Sees what is on disk at a path; `undefined` where it was deleted or is hidden behind a link. */
export type Look = (listed: Listed) => Promise<TreeEntry | undefined>;

/** What Node reads at once. */
const maxFileBytes = 2 ** 31 - 1;

/** Makes a look that remembers, for one run, which folders are folders and not links. */
export function diskLook(git: Git, files: Files): Look {
  const realFolders = new Set<string>([""]);
  const isRealFolder = async (folder: string): Promise<boolean> => {
    if (realFolders.has(folder)) return true;
    const onDisk = await files.entry(joinPath(git.root, folder));
    if (onDisk?.kind !== "directory" || !(await isRealFolder(folderOf(folder)))) return false;
    realFolders.add(folder);
    return true;
  };
  let trusted: Promise<boolean> | undefined;
  // Asked only where disk and index disagree: a file system without modes must not change a key.
  const trustsModes = (): Promise<boolean> => {
    trusted ??= git
      .run(["config", "--type=bool", "--default=true", "core.fileMode"])
      .then((answer) => answer.toString().trim() === "true");
    return trusted;
  };
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
    const agrees = tracked === undefined || tracked.executable === executable;
    if (agrees || (await trustsModes())) return { path, kind: "file", executable, size };
    return { path, kind: "file", executable: tracked.executable, size };
  };
}

/** Reads what was seen as a file or a link. */
export async function readSeen(
  git: Git,
  files: Files,
  { path, kind, size = 0 }: TreeEntry,
): Promise<Buffer | undefined> {
  const absolute = joinPath(git.root, path);
  if (kind === "symlink") return files.readLink(absolute);
  if (size <= maxFileBytes) return files.read(absolute);
  throw new BerthError("CONTEXT_INVALID", `read ${path}: larger than 2 GiB`, {
    hint: "exclude it in .dockerignore, or fetch it in the build",
  });
}
