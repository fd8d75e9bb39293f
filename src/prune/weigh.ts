/** How many bytes tags hold, blobs that several of them share counted once. */
import pLimit from "p-limit";
import type { Manifest } from "../oci/manifest.ts";
import type { Shelf } from "./port.ts";

export interface Blob {
  readonly digest: string;
  readonly size: number;
}

/** An image and all that it is made of, its manifests included. */
export interface Contents {
  readonly digest: string;
  readonly blobs: readonly Blob[];
  /** Layers from the bottom up; of an index, none. */
  readonly layers: readonly string[];
}

export type ReadContents = (
  repository: string,
  tag: { readonly name: string; readonly digest?: string },
) => Promise<Contents | undefined>;

/** Manifests that are read at once. */
const atOnce = 8;

/** Makes a reader of contents that asks once for each manifest, as far as digests are known beforehand. */
export function contentsReader(shelf: Pick<Shelf, "manifest">): ReadContents {
  const known = new Map<string, Contents>();
  const limit = pLimit(atOnce);
  const children = async (repository: string, manifest: Manifest): Promise<readonly Blob[]> => {
    const { content } = manifest;
    if (content.kind === "image") return [content.config, ...content.layers];
    const read = content.manifests.map(async (child) => {
      const found = known.get(child.digest) ?? (await read1(repository, child.digest));
      return found?.blobs ?? [child];
    });
    return (await Promise.all(read)).flat();
  };
  const read1 = async (repository: string, reference: string): Promise<Contents | undefined> => {
    const manifest = await shelf.manifest(repository, reference);
    if (manifest === undefined) return undefined;
    const { descriptor, content } = manifest;
    const earlier = known.get(descriptor.digest);
    if (earlier !== undefined) return earlier;
    const blobs = [descriptor, ...(await children(repository, manifest))];
    const contents: Contents = {
      digest: descriptor.digest,
      blobs: blobs.map(({ digest, size }) => ({ digest, size })),
      layers: content.kind === "image" ? content.layers.map(({ digest }) => digest) : [],
    };
    known.set(contents.digest, contents);
    return contents;
  };
  return async (repository, { name, digest }) =>
    (digest === undefined ? undefined : known.get(digest)) ??
    limit(() => read1(repository, digest ?? name));
}

export interface Weight {
  readonly tags: number;
  /** All that the group's tags refer to. */
  readonly bytes: number;
  /** What no other group refers to. */
  readonly unique: number;
}

export interface Weights {
  readonly total: number;
  readonly groups: ReadonlyMap<string, Weight>;
}

/** Weighs groups of tags against each other; a tag may be in several groups. */
export function weigh(
  items: Iterable<{ readonly groups: readonly string[]; readonly blobs: readonly Blob[] }>,
): Weights {
  const owners = new Map<string, { readonly size: number; readonly groups: Set<string> }>();
  const tags = new Map<string, number>();
  for (const { groups, blobs } of items) {
    for (const group of groups) tags.set(group, (tags.get(group) ?? 0) + 1);
    for (const { digest, size } of blobs) {
      const owner = owners.get(digest) ?? { size, groups: new Set() };
      owners.set(digest, owner);
      for (const group of groups) owner.groups.add(group);
    }
  }
  const bytes = new Map<string, number>();
  const unique = new Map<string, number>();
  let total = 0;
  for (const { size, groups } of owners.values()) {
    total += size;
    for (const group of groups) bytes.set(group, (bytes.get(group) ?? 0) + size);
    const [only] = groups;
    if (groups.size === 1 && only !== undefined) unique.set(only, (unique.get(only) ?? 0) + size);
  }
  const groups = [...tags].map(([name, count]): [string, Weight] => [
    name,
    { tags: count, bytes: bytes.get(name) ?? 0, unique: unique.get(name) ?? 0 },
  ]);
  return { total, groups: new Map(groups) };
}
