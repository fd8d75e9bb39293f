/** All tags below a base, sorted into kinds. */
import { recordRepositoryName } from "../plan/record.ts";
import { type Classified, classify, isEvidence, type Names } from "./kinds.ts";
import type { ListedTag, Shelf } from "./port.ts";

/** A tag with its place and kind. */
export interface SortedTag extends ListedTag {
  readonly repository: string;
  readonly what: Classified;
}

export interface ShelfListing {
  readonly repositories: readonly string[];
  /** The tags of the records' repository. */
  readonly records: readonly SortedTag[];
  /** These and all others, repository by repository, so that who needs less of them need not hold all. */
  tags(): AsyncGenerator<readonly SortedTag[]>;
}

/** Repositories that are read at once. */
const atOnce = 2;

/**
 * Lists every repository, one request a page, the records first, and sorts the tags.
 *
 * A repository is an image's where `isImage` says so or where it holds a tag that only berth puts; in any other,
 * tags called `latest` or `cache` are somebody else's.
 */
export async function listShelf(
  shelf: Shelf,
  names: Names,
  isImage: (repository: string) => boolean,
): Promise<ShelfListing> {
  const repositories = await shelf.repositories();
  const all = (path: string) => Array.fromAsync(shelf.tags(path));
  const hasRecords = repositories.includes(recordRepositoryName);
  const listed = hasRecords ? await all(recordRepositoryName) : [];
  const records = sort(recordRepositoryName, listed, names, true);
  const promoted = records.filter(({ what }) => what.kind === "promoted");
  const recorded = new Set(promoted.map(({ name }) => name));
  const isPromoted = (tag: string) => recorded.has(tag) || names.isPromoted(tag);
  const read = async (path: string) =>
    sort(path, await all(path), { ...names, isPromoted }, isImage(path));
  async function* tags() {
    yield records;
    const others = repositories.filter((path) => path !== recordRepositoryName);
    for (let start = 0; start < others.length; start += atOnce)
      yield* await Promise.all(others.slice(start, start + atOnce).map(read));
  }
  return { repositories, records, tags };
}

const foreign: Classified = { kind: "unknown" };

function sort(
  repository: string,
  tags: readonly ListedTag[],
  names: Names,
  isImage: boolean,
): readonly SortedTag[] {
  const sorted = tags.map((tag) => ({
    ...tag,
    repository,
    what: classify(repository, tag.name, names),
  }));
  const isOurs = isImage || sorted.some(({ what }) => isEvidence(what.kind));
  return isOurs ? sorted : sorted.map((tag) => ({ ...tag, what: foreign }));
}
