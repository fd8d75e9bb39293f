/** What must hold of a registry's content whatever happened to those who wrote it. */
import { ownTags } from "../../src/image/key.ts";
import { digestOf } from "../../src/oci/digest.ts";
import type { MemoryRegistry } from "../support/memory-registry.ts";

type Content = Pick<MemoryRegistry, "blobs" | "repositories" | "requests">;

interface Document {
  readonly config?: { readonly digest: string };
  readonly layers?: readonly { readonly digest: string }[];
  readonly manifests?: readonly { readonly digest: string }[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** All tags that point at something which is not whole. */
export function incomplete(memory: Content): readonly string[] {
  return [...memory.repositories].flatMap(([path, { tags }]) =>
    [...tags].flatMap(([tag, digest]) =>
      lacksOf(memory, path, digest).map((lack) => `${path}:${tag}: ${lack}`),
    ),
  );
}

/** What an image lacks, by its digest. */
export function lacksOf(memory: Content, path: string, digest: string): readonly string[] {
  const stored = memory.repositories.get(path);
  const manifest = stored?.manifests.get(digest);
  if (manifest === undefined) return [`manifest ${digest}`];
  const { config, layers = [], manifests = [] } = JSON.parse(`${manifest.bytes}`) as Document;
  const blobs = [...(config === undefined ? [] : [config]), ...layers]
    .filter((blob) => !stored?.blobs.has(blob.digest) || !memory.blobs.has(blob.digest))
    .map((blob) => `blob ${blob.digest}`);
  return [...blobs, ...manifests.flatMap((child) => lacksOf(memory, path, child.digest))];
}

/** The digests that a tag had, in order, a repetition counted once. */
export function historyOf({ requests }: Content, path: string, tag: string): readonly string[] {
  return requests
    .filter(
      (request) => request.method === "PUT" && request.path === `/v2/${path}/manifests/${tag}`,
    )
    .map(({ body }) => digestOf(body) as string)
    .filter((digest, index, all) => digest !== all[index - 1]);
}

/** All tags, each with its repository. */
export function tagsIn({ repositories }: Content): readonly string[] {
  const tags = [...repositories].flatMap(([path, stored]) =>
    [...stored.tags.keys()].map((tag) => `${path}:${tag}`),
  );
  return tags.sort();
}

export function tagOf({ repositories }: Content, path: string, tag: string): string | undefined {
  return repositories.get(path)?.tags.get(tag);
}

/** What a record says, by image name; `undefined` where there is none under the tag. */
export function recordOf(
  memory: Content,
  project: string,
  tag: string,
): { readonly images: Readonly<Record<string, string>>; readonly revision: string } | undefined {
  const path = `${project}/berth`;
  const manifest = memory.repositories.get(path)?.manifests.get(tagOf(memory, path, tag) ?? "");
  if (manifest === undefined) return undefined;
  const { annotations = {} } = JSON.parse(`${manifest.bytes}`) as Document;
  const prefix = "berth.image.";
  const images = Object.entries(annotations).filter(([name]) => name.startsWith(prefix));
  return {
    images: Object.fromEntries(images.map(([name, value]) => [name.slice(prefix.length), value])),
    revision: annotations["org.opencontainers.image.revision"] ?? "",
  };
}

export interface Wanted {
  readonly name: string;
  readonly key: string;
}

/** Where key tags, set tags, the record and (if given) a promoted tag do not all name the same digests. */
export function disagreements(
  memory: Content,
  project: string,
  set: { readonly id: string; readonly images: readonly Wanted[] },
  promoted?: string,
): readonly string[] {
  const records = [ownTags.set(set.id), ...(promoted === undefined ? [] : [promoted])];
  return set.images.flatMap(({ name, key }) => {
    const path = `${project}/${name}`;
    const keyed = tagOf(memory, path, ownTags.key(key));
    const others = records.flatMap((tag) => [
      [`${path}:${tag}`, tagOf(memory, path, tag)],
      [`berth:${tag}`, recordOf(memory, project, tag)?.images[name]],
    ]);
    const wrong = others.filter(([, digest]) => digest === undefined || digest !== keyed);
    return wrong.map(([where, digest]) => `${where} is ${digest}, the key's tag is ${keyed}`);
  });
}
