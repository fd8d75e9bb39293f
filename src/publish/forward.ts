/** Moving a tag to all images of a record. */
import { BerthError } from "../errors.ts";
import { ownTags } from "../image/key.ts";
import type { Digest } from "../oci/digest.ts";
import {
  printReference,
  type Reference,
  type Repository,
  withDigest,
  withTag,
} from "../oci/reference.ts";
import { repositoryOf } from "../plan/places.ts";
import { recordReference, type SetRecord } from "../plan/record.ts";
import type { Registry } from "../registry/registry.ts";
import { goneHint, type RecordPlace, writeRecord } from "./record.ts";

/** A moving tag, and where it moves. */
export interface MovingTag extends RecordPlace {
  readonly tag: string;
  readonly template: string;
}

/** Puts the tag where it is not yet, then the record; the number of images that it moved on. */
export async function moveTo(record: SetRecord, at: MovingTag): Promise<number> {
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
