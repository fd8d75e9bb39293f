/** What the registry holds for whom, in bytes. */
import type { Config } from "../config/config.ts";
import { promotedPattern } from "../config/promoted.ts";
import type { Facts } from "./facts.ts";
import { keyTagKinds, type Names } from "./kinds.ts";
import { listShelf, type SortedTag } from "./listing.ts";
import type { Shelf } from "./port.ts";
import { type Blob, contentsReader, type Weight, weigh } from "./weigh.ts";

export interface StorageRow extends Weight {
  readonly name: string;
}

export interface Storage {
  /** All blobs, each counted once. */
  readonly total: number;
  readonly images: readonly StorageRow[];
  readonly kinds: readonly StorageRow[];
  /** By who needs the images: branches, merge requests, pipelines; `nobody` for the rest. */
  readonly branches: readonly StorageRow[];
}

export interface StorageOptions {
  readonly config: Pick<Config, "publish">;
  readonly userTag: string | undefined;
  readonly defaultBranch: string | undefined;
}

/** Reads every manifest and weighs tags by image, kind and branch; what two of them share is unique to neither. */
export async function weighShelf(
  shelf: Shelf,
  facts: Facts,
  { config, userTag, defaultBranch }: StorageOptions,
): Promise<Storage> {
  const names: Names = { isPromoted: promotedPattern(config, defaultBranch), userTag };
  const read = contentsReader(shelf);
  const tags: SortedTag[] = [];
  for await (const listed of listShelf(shelf, names, (path) => facts.repositories.has(path)))
    for (const tag of listed.tags) tags.push(tag);
  const items = await Promise.all(
    tags.map(async (tag) => ({ tag, blobs: (await read(tag.repository, tag))?.blobs ?? [] })),
  );
  const by = (groupsOf: (tag: SortedTag) => readonly string[]) => rowsOf(items, groupsOf);
  const branches = by((tag) => needersOf(tag, facts));
  return {
    total: branches.total,
    images: by(({ repository }) => [repository === "" ? "." : repository]).rows,
    kinds: by(({ what }) => [what.kind]).rows,
    branches: branches.rows,
  };
}

function rowsOf(
  items: readonly { readonly tag: SortedTag; readonly blobs: readonly Blob[] }[],
  groupsOf: (tag: SortedTag) => readonly string[],
): { readonly total: number; readonly rows: readonly StorageRow[] } {
  const { total, groups } = weigh(
    items.map(({ tag, blobs }) => ({ groups: groupsOf(tag), blobs })),
  );
  const rows = [...groups].map(([name, weight]) => ({ name, ...weight }));
  return { total, rows: rows.sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1)) };
}

/** The branches that need a tag; one of another kind than keys and sets stands for its kind. */
function needersOf({ repository, name, what }: SortedTag, { needed }: Facts): readonly string[] {
  if (!keyTagKinds.has(what.kind)) return [`(${what.kind})`];
  return needed.get(`${repository}:${name}`) ?? ["nobody"];
}
