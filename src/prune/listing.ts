/** All tags below a base, sorted into kinds. */
import { recordRepositoryName } from "../plan/record.ts";
import { type Classified, classify, isEvidence, type Names } from "./kinds.ts";
import type { ListedTag, Shelf } from "./port.ts";

/** A tag with its place and kind. */
export interface SortedTag extends ListedTag {
  readonly repository: string;
  readonly what: Classified;
}

/** Repositories that are read at once. */
const atOnce = 2;

/**
 * Lists every repository, one request a page, the records first, and sorts the tags; gives them repository by
 * repository, so that who needs less of them need not hold all.
 *
 * A repository is an image's where `isImage` says so or where it holds a tag that only berth puts; in any other,
 * tags called `latest` or `cache` are somebody else's.
 */
export async function* listShelf(
  shelf: Shelf,
  names: Names,
  isImage: (repository: string) => boolean,
): AsyncGenerator<Listed> {
  const repositories = await shelf.repositories();
  const hasRecords = repositories.includes(recordRepositoryName);
  const records = hasRecords ? await all(shelf, recordRepositoryName) : [];
  const recorded = new Set(
    records.filter((tag) => isPromotedRecord(tag, names)).map(({ name }) => name),
  );
  const known: Names = {
    ...names,
    isPromoted: (tag) => recorded.has(tag) || names.isPromoted(tag),
  };
  yield { repositories, tags: sort(recordRepositoryName, records, known, true) };
  const others = repositories.filter((path) => path !== recordRepositoryName);
  for (let start = 0; start < others.length; start += atOnce) {
    const some = others.slice(start, start + atOnce);
    const read = some.map(async (path) => sort(path, await all(shelf, path), known, isImage(path)));
    for (const tags of await Promise.all(read)) yield { repositories, tags };
  }
}

/** The tags of one repository, with the names of all. */
export interface Listed {
  readonly repositories: readonly string[];
  readonly tags: readonly SortedTag[];
}

async function all(shelf: Shelf, repository: string): Promise<readonly ListedTag[]> {
  const tags: ListedTag[] = [];
  for await (const tag of shelf.tags(repository)) tags.push(tag);
  return tags;
}

function isPromotedRecord({ name }: ListedTag, names: Names): boolean {
  return classify(recordRepositoryName, name, names).kind === "promoted";
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
  const isOurs =
    isImage ||
    repository === recordRepositoryName ||
    sorted.some(({ what }) => isEvidence(what.kind));
  return isOurs ? sorted : sorted.map((tag) => ({ ...tag, what: foreign }));
}
