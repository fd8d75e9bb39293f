/** The content key: one declared struct over everything that may change what a build means. */
import { createHash } from "node:crypto";
import { canonicalJson, type Json } from "../json.ts";
import type { Digest } from "../oci/digest.ts";
import { printRepository, type Repository } from "../oci/reference.ts";
import { readTag, tagsOf } from "../oci/tags.ts";
import { type Image, suffixOf, withoutMembers } from "./image.ts";

declare const brand: unique symbol;

/** 64 hex digits. Only `keyOf` and reading a plan make one. */
export type Key = string & { readonly [brand]: "Key" };

/**
 * Raised when the same inputs get another key: it rebuilds the world once, so it is a release note. Tags of
 * keys, sets and caches tell it, so that images of another version stay what they are.
 */
export const keyVersion = 2;

/** The tags that this version makes. */
export const ownTags = tagsOf(keyVersion);

/** Where later builds of an image or a member find the layers of its newest build. */
export function cacheTagOf(name: string): string {
  return ofMember(ownTags.cache, name);
}

/** Where engines push it. */
export function builtTagOf(name: string): string {
  return ofMember(ownTags.built, name);
}

/** Members are built side by side, and layers of one are no use to another. */
function ofMember(tag: string, name: string): string {
  const suffix = suffixOf(name);
  return suffix === undefined ? tag : `${tag}-${suffix}`;
}

/**
 * All that a key covers. Not in it: the Dockerfile's path, owners, the builder's version, digests of bases,
 * names and order of images, CI variables.
 */
export interface KeyInputs {
  readonly version: typeof keyVersion;
  /** The lines of the Dockerfile that the target needs, as written. */
  readonly text: string;
  /** Build args as the engine gets them, without proxies that no ARG declares. */
  readonly args: Readonly<Record<string, string>>;
  /** Keys of the images of the set that the text names, by the reference as written; of an index its members', by platform. */
  readonly parents: Readonly<Record<string, Key>>;
  /** Digest of the canonical context tar; `null` where the recipe reaches no file. */
  readonly context: Digest | null;
  /** The stage's name as the engine gets it. */
  readonly target: string | null;
  readonly platform: string;
  /** A base may bring instructions that use any file and any arg. */
  readonly onbuild: boolean;
  /** Ids only; a value in a public tag would be an oracle. */
  readonly secrets: readonly string[];
  readonly format: "oci";
  readonly epoch: string | null;
}

/** An image with the key of its content and what the key was made from. */
export interface KeyedImage extends Image {
  readonly key: Key;
  readonly inputs: KeyInputs;
  /** Names of the images and members of the set that this one is made from. */
  readonly parents: readonly string[];
}

export function keyOf(inputs: KeyInputs): Key {
  const text = canonicalJson(inputs as unknown as Json);
  return createHash("sha256").update("berth key\n").update(text).digest("hex") as Key;
}

/** The key that an image's annotation tells; `undefined` where it is of another version, or none. */
export function keyOfTag(tag: string | undefined): Key | undefined {
  const read = readTag(tag ?? "");
  return read?.kind === "key" && read.version === keyVersion ? (read.id as Key) : undefined;
}

/** Where the images of a set have their places: what its id covers beside names and keys. */
export interface SetPlace {
  /** The template of their repositories below a base. */
  readonly repository: string;
  /** The other project whose images the set may name. */
  readonly upstream: Repository | undefined;
}

/** The id of a set: the hash of all its (name, key) pairs, in no particular order, and of where they are. */
export function setIdOf(
  images: readonly { readonly name: string; readonly key: Key }[],
  { repository, upstream }: SetPlace,
): string {
  const keys = Object.fromEntries(withoutMembers(images).map(({ name, key }) => [name, key]));
  const other = upstream === undefined ? null : printRepository(upstream);
  return createHash("sha256")
    .update("berth set\n")
    .update(canonicalJson({ version: keyVersion, images: keys, repository, upstream: other }))
    .digest("hex");
}
