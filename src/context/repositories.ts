/** Asking git for paths, also in repositories that are checked out inside ours (submodules and others). */
import type { FileEntry, Files, Git } from "../world.ts";
import type { Ask } from "./asking.ts";
import { besides, type GitListing, type Listed, listingOf, parseListing } from "./listing.ts";
import { folderOf, foldersAbove, isReserved, joinPath } from "./paths.ts";

/** Paths of our own repository that match one of the pathspecs, submodules and reserved names left out. */
export async function listOwn(git: Git, pathspecs: readonly string[]): Promise<readonly Listed[]> {
  const { entries } = parseListing(await git.run(listingOf(pathspecs)));
  return entries.filter(({ path, kind }) => kind === "file" && !isReserved(path));
}

/** What the work tree is asked through. */
export interface Repositories {
  readonly git: Git;
  readonly files: Files;
  readonly ask: Ask;
}

/**
 * At least everything below a folder, or below these names in it, with the files of repositories checked out
 * there; more where others ask at the same moment.
 */
export async function listFolder(
  of: Repositories,
  folder: string,
  only: readonly string[] | undefined,
): Promise<GitListing> {
  const owner = await ownerOf(of, folder);
  if (owner === undefined || only?.length === 0) return { entries: [], unreadable: [] };
  const paths = only?.map((name) => joinPath(owner.path, name)) ?? [owner.path];
  const pathspecs = paths.filter((path) => path !== "").map((path) => `:(literal)${path}`);
  return listPathspec(of, owner, pathspecs);
}

/** One path, and the files beside it for the next question: a run of git costs more than their names. */
export async function listPath(
  of: Repositories,
  path: string,
  onDisk: FileEntry | undefined,
): Promise<GitListing> {
  const owner = await ownerOf(of, path);
  if (owner === undefined) return { entries: [], unreadable: [] };
  if (onDisk?.kind === "directory") {
    return listPathspec(of, owner, [`:(literal)${owner.path}`]);
  }
  return listPathspec(of, owner, [besides(folderOf(owner.path))]);
}

/** The repository that holds a path: ours, or one checked out in it. */
interface Owner {
  readonly git: Git;
  /** Where its work tree is, below ours. */
  readonly prefix: string;
  /** The path below its work tree. */
  readonly path: string;
}

async function ownerOf(
  { git, files, ask }: Repositories,
  path: string,
): Promise<Owner | undefined> {
  let owner: Owner = { git, prefix: "", path };
  for (const folder of foldersAbove(path)) {
    if ((await files.entry(joinPath(git.root, `${folder}/.git`))) === undefined) continue;
    const below = folder.slice(owner.prefix === "" ? 0 : owner.prefix.length + 1);
    const listed = await ask(owner.git, [`:(literal)${below}`]);
    // A repository in a folder that git ignores is not the project's.
    if (!listed.entries.some((one) => one.kind === "repository" && one.path === below)) {
      return undefined;
    }
    owner = { git: owner.git.inside(below), prefix: folder, path: path.slice(folder.length + 1) };
  }
  return owner;
}

async function listPathspec(
  of: Repositories,
  { git, prefix }: Pick<Owner, "git" | "prefix">,
  pathspecs: readonly string[],
): Promise<GitListing> {
  const listing = await of.ask(git, pathspecs);
  const entries: Listed[] = [];
  const unreadable = listing.unreadable.map((name) => joinPath(prefix, name));
  for (const listed of listing.entries) {
    const path = joinPath(prefix, listed.path);
    if (isReserved(path)) continue;
    const isOpen =
      listed.kind === "repository" &&
      (await of.files.entry(joinPath(git.root, `${listed.path}/.git`))) !== undefined;
    if (!isOpen) {
      entries.push({ ...listed, path });
      continue;
    }
    const inner = await listPathspec(of, { git: git.inside(listed.path), prefix: path }, []);
    entries.push(...inner.entries);
    unreadable.push(...inner.unreadable);
  }
  return { entries, unreadable };
}
