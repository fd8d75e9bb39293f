/** All tags below a base, and what each is, told by its repository and its name alone. */
import { keyVersion } from "../image/key.ts";
import { type OwnTag, readTag } from "../oci/tags.ts";
import { recordRepositoryName } from "../plan/record.ts";
import { triedRepositoryName } from "../plan/situation.ts";
import type { Shelf } from "./shelf.ts";

export const kinds = [
  "key",
  "try",
  "set",
  "pipeline",
  "override",
  "cache",
  "promoted",
  "record",
  "past",
  "other-version",
  "unknown",
] as const;

export type Kind = (typeof kinds)[number];

export interface Classified {
  readonly kind: Kind;
  /** The pipeline that it is of, such as that of a set's further generation. */
  readonly pipeline?: number;
}

/** Names that a project gives, beside those that berth's own grammar tells. */
export interface Names {
  /** Tags that are moved by `publish`, also for branches that are gone. */
  readonly isPromoted: (tag: string) => boolean;
  /** What the user of this run set as `<PREFIX>_CONTAINER_TAG`. */
  readonly userTag: string | undefined;
}

/** One value for each kind, since a registry may have very many tags. */
const plain = Object.fromEntries(kinds.map((kind) => [kind, { kind }])) as Readonly<
  Record<Kind, Classified>
>;

/** Sorts a tag of a repository below the base. Grammar first, so that no setting makes a key a promoted tag. */
export function classify(repository: string, tag: string, names: Names): Classified {
  const own = byGrammar(tag);
  const isTried = repository.startsWith(`${triedRepositoryName}/`);
  if (own !== undefined && isTried)
    return own.pipeline === undefined ? plain.try : { ...own, kind: "try" };
  if (repository === recordRepositoryName) return recordKind(own);
  if (own !== undefined) return own;
  if (tag === names.userTag) return plain.override;
  return names.isPromoted(tag) ? plain.promoted : plain.unknown;
}

function byGrammar(tag: string): Classified | undefined {
  const own = readTag(tag);
  if (own === undefined) return undefined;
  const kind = kindOf(own);
  return own.pipeline === undefined ? plain[kind] : { kind, pipeline: own.pipeline };
}

function kindOf({ kind, version, pipeline, machine, past }: OwnTag): Kind {
  if (kind === "layer") return "cache";
  if (version !== keyVersion) return "other-version";
  if (kind === "cache") return "cache";
  if (past !== undefined) return "past";
  // A run on somebody's machine promotes nothing.
  if (machine !== undefined) return "try";
  if (kind === "set") return "set";
  // What one pipeline refreshed; once promoted the key's own tag has it.
  return pipeline === undefined ? "key" : "pipeline";
}

/** The name of the record's repository is berth's own: what is not a set's is a promoted set's record. */
function recordKind(own: Classified | undefined): Classified {
  if (own === undefined) return plain.promoted;
  if (own.kind === "set") return { ...own, kind: "record" };
  return own.kind === "other-version" ? own : plain.unknown;
}

/** Whether only berth puts tags of this kind, so that a repository with one of them is an image's. */
export function isEvidence(kind: Kind): boolean {
  return kind === "key" || kind === "try" || kind === "set" || kind === "other-version";
}

/** A tag with its place and kind. */
export interface SortedTag {
  readonly repository: string;
  readonly name: string;
  readonly what: Classified;
}

export type ShelfListing = Awaited<ReturnType<typeof listShelf>>;

/** Repositories that are read at once: as many as one host is asked at a time. */
const atOnce = 32;

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
) {
  const repositories = await shelf.repositories();
  const all = async (path: string) => (await Array.fromAsync(shelf.tags(path))).flat();
  const hasRecords = repositories.includes(recordRepositoryName);
  const listed = hasRecords ? await all(recordRepositoryName) : [];
  const records = sort(recordRepositoryName, listed, names, true);
  const promoted = records.filter(({ what }) => what.kind === "promoted");
  const recorded = new Set(promoted.map(({ name }) => name));
  const isPromoted = (tag: string) => recorded.has(tag) || names.isPromoted(tag);
  const read = async (path: string) =>
    sort(path, await all(path), { ...names, isPromoted }, isImage(path));
  /** Repository by repository, the records first, so that who needs less of them need not hold all. */
  async function* tags() {
    yield records;
    const others = repositories.filter((path) => path !== recordRepositoryName);
    for (let start = 0; start < others.length; start += atOnce)
      yield* await Promise.all(others.slice(start, start + atOnce).map(read));
  }
  return { repositories, records, tags };
}

function sort(
  repository: string,
  tags: readonly string[],
  names: Names,
  isImage: boolean,
): readonly SortedTag[] {
  const sorted = tags.map((name) => ({
    repository,
    name,
    what: classify(repository, name, names),
  }));
  const isOurs = isImage || sorted.some(({ what }) => isEvidence(what.kind));
  return isOurs ? sorted : sorted.map((tag) => ({ ...tag, what: plain.unknown }));
}
