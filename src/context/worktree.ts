/** The working tree as a `Tree`: what git tracks and what is new and not ignored, as it lies on disk. */
import type { FileEntry, Files, Git } from "../world.ts";
import { joinedListings } from "./asking.ts";
import { diskLook, type Look, readSeen } from "./disk.ts";
import { anywhere, escapeBytes, type Listed, unreadableNames } from "./listing.ts";
import { onceEach } from "./memo.ts";
import { comparePaths, folderOf, isBelow, isReserved, joinPath } from "./paths.ts";
import { listFolder, listOwn, listPath, type Repositories } from "./repositories.ts";
import type { Tree, TreeEntry } from "./tree.ts";

const label = "the working tree";

/**
 * Gives the working tree.
 *
 * Remembered within one run: that git counts a path as the project's, and what a list said, so that all
 * keys of a run are of one state. Bytes are read each time; whatever is read is what is hashed and what
 * is built, so a change in between shows in the key and cannot come between key and image.
 */
export function workTree(git: Git, files: Files): Tree {
  const of = { git, files, ask: joinedListings() };
  const members = membersOf(of);
  const seen = new Map<string, TreeEntry>();
  const look = diskLook(git, files);
  const lookAndKeep: Look = async (listed) => {
    const entry = await look(listed);
    if (entry === undefined) seen.delete(listed.path);
    else seen.set(listed.path, entry);
    return entry;
  };
  const entry = async (path: string): Promise<TreeEntry | undefined> => {
    const member = await members.find(path);
    return member === undefined ? undefined : lookAndKeep(member);
  };
  const list = async (folder: string, only?: readonly string[]): Promise<readonly TreeEntry[]> => {
    const { entries, unreadable } = await listFolder(of, folder, only);
    const asked = (only ?? [""]).map((name) => escapeBytes(Buffer.from(joinPath(folder, name))));
    const inIt = unreadable.filter((name) =>
      asked.some((one) => name === one || isBelow(name, one)),
    );
    if (inIt.length > 0) throw unreadableNames(inIt, folder, label);
    members.add(entries);
    const inside = entries.filter(({ path }) => isBelow(path, folder));
    return sortEntries(await lookAll(lookAndKeep, inside));
  };
  const listOnce = onceEach<readonly TreeEntry[]>();
  return {
    label,
    entry,
    list: (folder, only) => listOnce(JSON.stringify([folder, only]), () => list(folder, only)),
    async find(names) {
      if (names.length === 0) return [];
      const matching = await listOwn(git, anywhere(names));
      members.add(matching);
      return sortEntries(await lookAll(lookAndKeep, matching)).map(({ path }) => path);
    },
    async read(path) {
      const known = seen.get(path);
      const found = known?.kind === "file" ? known : await entry(path);
      if (found === undefined || found.kind === "submodule") return undefined;
      return readSeen(git, files, found);
    },
  };
}

/** Which paths git counts as the project's. */
interface Members {
  add(entries: readonly Listed[]): void;
  /** Asks git where the path is not known yet and something is there. */
  find(path: string): Promise<Listed | undefined>;
}

function membersOf(of: Repositories): Members {
  const { git, files } = of;
  const known = new Map<string, Listed>();
  const asking = new Map<string, Promise<void>>();
  const add = (entries: readonly Listed[]): void => {
    for (const entry of entries) known.set(entry.path, entry);
  };
  let sparse: Promise<boolean> | undefined;
  const ask = async (path: string, onDisk: FileEntry | undefined): Promise<void> => {
    add((await listPath(of, path, onDisk)).entries);
  };
  return {
    add,
    async find(path) {
      if (known.has(path) || path === "" || isReserved(path)) return known.get(path);
      const onDisk = await files.entry(joinPath(git.root, path));
      sparse ??= isSparse(git, files);
      if (onDisk === undefined && !(await sparse)) return undefined;
      // One question serves all files of a folder that are asked for at the same time.
      const question = onDisk?.kind === "directory" ? `${path}/` : folderOf(path);
      const answer = asking.get(question) ?? ask(path, onDisk);
      asking.set(question, answer);
      await answer.finally(() => asking.delete(question));
      return known.get(path);
    },
  };
}

/** Whether git may know files that are not on disk, and is right so. */
async function isSparse(git: Git, files: Files): Promise<boolean> {
  const dotGit = joinPath(git.root, ".git");
  const link = /^gitdir: (.+)\n/.exec(
    ((await files.entry(dotGit))?.kind === "file"
      ? await files.read(dotGit)
      : undefined
    )?.toString() ?? "",
  )?.[1];
  return (await files.entry(joinPath(link ?? dotGit, "info/sparse-checkout"))) !== undefined;
}

async function lookAll(look: Look, listed: readonly Listed[]): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = [];
  for (const one of listed) {
    const entry = await look(one);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

function sortEntries(entries: TreeEntry[]): readonly TreeEntry[] {
  return entries.sort((a, b) => comparePaths(a.path, b.path));
}
