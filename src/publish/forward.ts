/**
 * Moving a tag so that of several promotions at once the newest commit stays, without a lock.
 *
 * Whoever is about to move a tag first claims it under a tag of its own, which nobody overwrites, and looks at all
 * claims after moving. So of two promotions at once at least the one that wrote last sees the newer commit, and
 * points the tag at that.
 */
import { BerthError, expected } from "../errors.ts";
import { ownTags } from "../image/key.ts";
import type { Digest } from "../oci/digest.ts";
import {
  below,
  printReference,
  type Reference,
  type Repository,
  withDigest,
  withTag,
} from "../oci/reference.ts";
import { claimPrefix, claimTag } from "../oci/tags.ts";
import type { MergeHistory } from "../plan/freshness.ts";
import { repositoryOf } from "../plan/places.ts";
import {
  readRecord,
  recordReference,
  recordRepositoryName,
  type SetRecord,
} from "../plan/record.ts";
import type { Registry } from "../registry/registry.ts";
import { goneHint, type RecordPlace, writeRecord } from "./record.ts";

type IsAncestor = MergeHistory["isAncestor"];

/** A moving tag, and where it moves. */
export interface MovingTag extends RecordPlace {
  readonly tag: string;
  readonly template: string;
}

/** The set of a commit that somebody promotes or has promoted. */
interface Claim {
  readonly tag: string;
  readonly revision: string;
  readonly record: SetRecord;
}

/** How often a tag is moved again because a newer commit was claimed meanwhile. */
const rounds = 5;

/** Claims the tag for the record's commit, and moves it to the newest commit that is claimed. */
export async function moveForward(
  record: SetRecord,
  at: MovingTag,
  isAncestor: IsAncestor,
): Promise<{ readonly images: number; readonly newer: string | undefined }> {
  const { revision } = record;
  if (revision === undefined) return { images: await moveTo(record, at), newer: undefined };
  const own = { tag: claimTag(at.tag, revision), revision, record };
  await writeRecord(record, at, own.tag);
  try {
    return await moveToNewest(own, at, isAncestor);
  } catch (error) {
    // What cannot be moved must not keep others from moving.
    await dropClaims([own], at).catch(() => undefined);
    throw error;
  }
}

async function moveToNewest(
  own: Claim,
  at: MovingTag,
  isAncestor: IsAncestor,
): Promise<{ readonly images: number; readonly newer: string | undefined }> {
  let { newest } = await newestOf(own, at, isAncestor);
  for (let round = 1; ; round++) {
    const images = await moveTo(newest.record, at);
    const seen = await newestOf(newest, at, isAncestor);
    if (seen.newest.tag === newest.tag || round === rounds) {
      await dropClaims(seen.past, at);
      return { images, newer: newest === own ? undefined : newest.revision };
    }
    newest = seen.newest;
  }
}

/** The newest of all claims as far as git can tell, and those that are in its history. */
async function newestOf(
  from: Claim,
  at: MovingTag,
  isAncestor: IsAncestor,
): Promise<{ readonly newest: Claim; readonly past: readonly Claim[] }> {
  const claims = await otherClaims(from, at);
  let newest = from;
  for (const claim of claims)
    if ((await isAncestor(newest.revision, claim.revision)) === true) newest = claim;
  const past: Claim[] = [];
  for (const claim of claims)
    if (claim !== newest && (await isAncestor(claim.revision, newest.revision)) === true)
      past.push(claim);
  return { newest, past };
}

/** No promotion takes this long; a claim this old, or of a clock so far ahead, stops nobody, such as one who goes back on purpose. */
const lifetimeMs = 24 * 60 * 60 * 1000;

/** The claims on a tag beside one that is in hand; none where the registry does not list tags. */
async function otherClaims(
  inHand: Claim,
  { tag, base, registry, now }: MovingTag,
): Promise<readonly Claim[]> {
  const prefix = claimPrefix(tag);
  const isClaim = (name: string) =>
    name !== inHand.tag && name.startsWith(prefix) && /^[0-9a-z]+$/.test(name.slice(prefix.length));
  const names = (await allTags(base, registry)).filter(isClaim);
  const read = names.map(async (name): Promise<readonly Claim[]> => {
    const record = (await readRecord(base, name, registry))?.content;
    const age = Math.abs(now.getTime() - (record?.written ?? now).getTime());
    if (record === undefined || age > lifetimeMs) return [];
    return [{ tag: name, revision: name.slice(prefix.length), record }];
  });
  return (await Promise.all(read)).flat();
}

async function allTags(base: Repository, registry: Registry): Promise<readonly string[]> {
  const pages: (readonly string[])[] = [];
  await unlessRefused(async () => {
    for await (const page of registry.tags(below(base, recordRepositoryName))) pages.push(page);
  });
  return pages.flat();
}

/** Deletes claims that can stop nobody any more; where the login may not delete they stay, harmlessly. */
async function dropClaims(
  claims: readonly Claim[],
  { base, registry }: RecordPlace,
): Promise<void> {
  await unlessRefused(async () => {
    for (const { tag } of claims) await registry.deleteTag(recordReference(base, tag));
  });
}

function unlessRefused(work: () => Promise<void>): Promise<void> {
  return work().catch(
    expected((error) => {
      if (error.code === "REGISTRY_UNAVAILABLE") throw error;
    }),
  );
}

/** Puts the tag where it is not yet, then the record; the number of images that it moved on. */
async function moveTo(record: SetRecord, at: MovingTag): Promise<number> {
  const { tag, registry } = at;
  const late = await behind(record, at);
  const believed = printReference(recordReference(at.base, ownTags.set(record.setId)));
  const moves = await Promise.all(
    late.map(async ({ repository, digest }) => {
      const manifest = await registry.get(withDigest(repository, digest));
      if (manifest === undefined) throw gone(withDigest(repository, digest), goneHint(believed));
      return { tagged: withTag(repository, tag), manifest };
    }),
  );
  await Promise.all(moves.map(({ tagged, manifest }) => registry.put(tagged, manifest)));
  await writeRecord(record, at, tag);
  return late.length;
}

/** Images of a record that do not have the tag yet. */
export async function behind(
  record: SetRecord,
  { tag, template, base, registry }: MovingTag,
): Promise<readonly { readonly repository: Repository; readonly digest: Digest }[]> {
  const images = await Promise.all(
    [...record.images].map(async ([name, image]) => {
      if (image.kind !== "own") return [];
      const repository = repositoryOf(base, template, name);
      const current = await registry.head(withTag(repository, tag));
      return current?.digest === image.digest ? [] : [{ repository, digest: image.digest }];
    }),
  );
  return images.flat();
}

/** SET_INCOMPLETE where an image that is named by digest is not there any more. */
export async function refuseGone(
  references: readonly Reference[],
  registry: Pick<Registry, "head">,
): Promise<void> {
  await Promise.all(
    references.map(async (reference) => {
      if ((await registry.head(reference)) === undefined) throw gone(reference);
    }),
  );
}

const lookAgain =
  "run the pipeline again: the image is then looked for, built where it is gone, and the record mended";

function gone(reference: Reference, hint = lookAgain): BerthError {
  const what = `promote ${printReference(reference)}: it is on record, and the registry does not have it any more`;
  return new BerthError("SET_INCOMPLETE", what, { hint });
}
