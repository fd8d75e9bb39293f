/** The registry as the rest of berth sees it: metadata only, absence as a value. */
import type { Digest } from "../oci/digest.ts";
import type { Descriptor, Manifest } from "../oci/manifest.ts";
import type { Reference, Repository } from "../oci/reference.ts";

/** What may be done to a repository; `push` is asked for only by who is about to write. */
export type Access = "pull" | "push" | "delete";

/** What is going to be done to a repository. */
export interface Right {
  readonly access: Access;
  readonly repository: Repository;
}

/**
 * The distribution protocol at metadata level, for every host that a reference names.
 *
 * Reads give `undefined` where the registry says that a thing is not there. Everything else that is
 * unexpected is a `BerthError`: REGISTRY_DENIED (credentials or rights), REGISTRY_REFUSED (the
 * registry understood and said no), REGISTRY_UNAVAILABLE (outage, after retries), MANIFEST_INVALID.
 */
export interface Registry {
  /**
   * Says beforehand which repositories are going to be used, so that one token request serves them all.
   * A hint: what was not announced is asked for when it is needed.
   */
  announce(access: Access, repositories: readonly Repository[]): void;
  /** Lets the token for what was announced be on its way while something else is done. */
  prepare(access: Access, repository: Repository): void;
  /**
   * Asks for rights before they are used: the token service's words where it refuses one of them, which are
   * asked for together as far as they are on the host of the first; `undefined` where it grants them, or where
   * only their use would tell. A token of GitLab's that tells of rules for protected tags refuses those of `tags`,
   * to be put in the first repository, that such a rule matches.
   */
  refusal(rights: readonly Right[], tags?: readonly string[]): Promise<string | undefined>;

  /** Whether a manifest is there, and which. */
  head(reference: Reference): Promise<Descriptor | undefined>;
  /** A manifest, its bytes verified against the digest that was asked for or that the registry names. */
  get(reference: Reference): Promise<Manifest | undefined>;
  /** Puts a manifest under a tag or its digest; the same bytes again are harmless. */
  put(reference: Reference, manifest: Pick<Manifest, "bytes" | "descriptor">): Promise<void>;

  hasBlob(repository: Repository, digest: Digest): Promise<boolean>;
  /** A small blob (an image config), verified; refuses one over 4 MiB. */
  blob(repository: Repository, digest: Digest): Promise<Uint8Array | undefined>;
  /** Uploads a small blob unless it is there already; mounts it where `from`, on the same host, has it. */
  putBlob(repository: Repository, bytes: Uint8Array, from?: Repository): Promise<Digest>;

  /**
   * Copies an image with all that it refers to into another repository, and gives its descriptor.
   *
   * On one host blobs are mounted and no layer byte moves; a blob whose mount is refused, or that comes
   * from another host, is streamed. Manifests are put children first, tags last. `inHand` is the
   * manifest at `from` where it has been read already.
   */
  copy(
    from: Reference,
    to: Repository,
    tags: readonly string[],
    inHand?: Manifest,
  ): Promise<CopyResult>;

  /** All tags of a repository, a page at a time; none where the repository does not exist. */
  tags(repository: Repository): AsyncIterable<readonly string[]>;
  /** Deletes one tag and nothing else; false where it was not there. */
  deleteTag(reference: Reference): Promise<boolean>;
}

export interface CopyResult {
  readonly manifest: Manifest;
  /** Bytes of blobs that travelled through this process. */
  readonly streamedBytes: number;
}
