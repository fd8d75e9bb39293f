/** The working tree as a `Tree`: what git tracks and what is new and not ignored, as it lies on disk. */
import { BerthError } from "../errors.ts";
import type { Files, Git, SeenFile } from "../world.ts";
import {
  diskLook,
  type GitListing,
  type Listed,
  type Look,
  listArgs,
  parseListing,
  readSeen,
  unreadableNames,
} from "./listing.ts";
import { onceEach } from "./memo.ts";
import { foldersAbove, isBelow, isReserved, joinPath, pathBelow } from "./paths.ts";
import type { Tree, TreeEntry } from "./tree.ts";

const label = "the working tree";

/** Ours, or a repository that is checked out in it (a submodule, or one that is new). */
interface Repository {
  readonly git: Git;
  /** Where its work tree is, below ours. */
  readonly top: string;
  readonly listing: GitListing;
}

/** A path in the repository that it belongs to. */
interface Place {
  readonly repository: Repository;
  /** Below the repository's own top. */
  readonly path: string;
}

interface Checkout {
  readonly git: Git;
  readonly files: Files;
  readonly look: Look;
  /** The repository at a place below ours; asks git once. */
  readonly open: (git: Git, top: string) => Promise<Repository>;
}

/**
 * Gives the working tree.
 *
 * Remembered within one run: what git lists, asked once in each repository, and what was seen in a folder, so
 * that all keys of a run are of one state. Bytes are read each time; whatever is read is what is hashed and
 * what is built, so a change in between shows in the key and cannot come between key and image.
 */
export function workTree(git: Git, files: Files): Tree {
  const once = onceEach<Repository>();
  const open = (inner: Git, top: string): Promise<Repository> =>
    once(top, async () => ({ git: inner, top, listing: parseListing(await inner.run(listArgs)) }));
  const of: Checkout = { git, files, look: diskLook(git, files), open };
  const folderOnce = onceEach<ReadonlyMap<string, TreeEntry>>();
  const seen = new Map<string, SeenFile>();
  const folder = async (path: string): Promise<ReadonlyMap<string, TreeEntry>> => {
    const entries = await readFolder(of, path);
    for (const { path, kind, size, absent } of entries.values())
      if (kind === "file" && size !== undefined && absent === undefined)
        seen.set(path, { path: joinPath(git.root, path), size });
    return entries;
  };
  const entry = async (path: string): Promise<TreeEntry | undefined> => {
    const place = await placeOf(of, path);
    const found = await look(of, place, place.repository.listing.entry(place.path));
    return found?.kind === "folder" ? undefined : found;
  };
  const read = async (path: string): Promise<Buffer | undefined> => {
    const found = await entry(path);
    return found && found.kind !== "submodule" ? readSeen(git, files, found) : undefined;
  };
  return {
    label,
    entry,
    folder: (path) => folderOnce(path, () => folder(path)),
    find: (names, below = "") => findFiles(of, names, below),
    read,
    async readMany(paths) {
      const known = await files.readMany(paths.flatMap((path) => seen.get(path) ?? []));
      const contents = known.values();
      return Promise.all(
        paths.map((path) => (seen.has(path) ? contents.next().value : read(path))),
      );
    },
    ruledOut: (path) => ignoreRule(git, path),
    tracks: async (path) => (await open(git, "")).listing.tracks(path),
  };
}

/** Git says `file:line:pattern` and the path; it fails where no rule takes that, and below a submodule. */
async function ignoreRule(git: Git, path: string): Promise<string | undefined> {
  try {
    const said = (await git.run(["check-ignore", "--verbose", "--", path])).toString();
    return /^(.+?:\d+):(?!!)/.exec(said)?.[1];
  } catch (error) {
    if (error instanceof BerthError) return undefined;
    throw error;
  }
}

async function readFolder(of: Checkout, folder: string): Promise<ReadonlyMap<string, TreeEntry>> {
  const { repository, path } = await placeOf(of, folder);
  const { listing } = repository;
  const found = new Map<string, TreeEntry>();
  for (const [name, listed] of listing.members(path)) {
    if (listing.isDamaged(name)) throw unreadableNames([joinPath(folder, name)], folder, label);
    if (found.has(name)) continue;
    const entry = await look(of, { repository, path: joinPath(path, name) }, listed);
    if (entry !== undefined) found.set(name, entry);
  }
  return found;
}

async function findFiles(
  of: Checkout,
  names: readonly string[],
  below: string,
): Promise<readonly string[]> {
  if (names.length === 0) return [];
  const { listing } = await of.open(of.git, "");
  const listed = listing
    .find(names)
    .filter((path) => isBelow(path, below) && !isReserved(path))
    .flatMap((path) => listing.entry(path) ?? []);
  const files = listed.filter(({ kind }) => kind !== "repository");
  const entries = await Promise.all(files.map((file) => of.look(file.path, file)));
  return entries.flatMap((entry) => entry?.path ?? []);
}

/** What is on disk at a path that git lists, or a folder in which something is. */
async function look(
  of: Checkout,
  { repository, path }: Place,
  listed: Listed | undefined,
): Promise<TreeEntry | undefined> {
  const full = joinPath(repository.top, path);
  if (isReserved(full)) return undefined;
  const entry = listed && (await of.look(full, listed));
  const inner = entry?.kind === "submodule" ? await inside(of, repository, path) : undefined;
  if (entry !== undefined && inner === undefined) return entry;
  const holder = inner === undefined ? { repository, path } : { repository: inner, path: "" };
  return (await holdsAny(of, holder))
    ? { path: full, kind: "folder", executable: false }
    : undefined;
}

/** A folder of which all files are gone is not there. */
async function holdsAny(of: Checkout, { repository, path }: Place): Promise<boolean> {
  const { listing } = repository;
  for (const [name, listed] of listing.members(path)) {
    const place = { repository, path: joinPath(path, name) };
    if (listing.isDamaged(name) || (await look(of, place, listed)) !== undefined) return true;
  }
  return false;
}

/** Finds the repository that holds a path. One in a folder that git ignores is not the project's. */
async function placeOf(of: Checkout, full: string): Promise<Place> {
  let repository = await of.open(of.git, "");
  let path = full;
  for (const folder of [...foldersAbove(full), full]) {
    const inner = await inside(of, repository, pathBelow(folder, repository.top));
    if (inner === undefined) continue;
    repository = inner;
    path = pathBelow(full, folder);
  }
  return { repository, path };
}

/** The repository that is checked out where git lists one. */
async function inside(
  of: Checkout,
  { git, top, listing }: Repository,
  path: string,
): Promise<Repository | undefined> {
  if (listing.entry(path)?.kind !== "repository") return undefined;
  const full = joinPath(top, path);
  const dotGit = await of.files.entry(joinPath(of.git.root, `${full}/.git`));
  return dotGit && of.open(git.inside(path), full);
}
