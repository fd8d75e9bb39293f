/** Writing the record of a set. */
import { ownTags } from "../image/key.ts";
import {
  below,
  parseReference,
  printReference,
  printRepository,
  type Repository,
} from "../oci/reference.ts";
import { ofGeneration } from "../oci/tags.ts";
import type { Plan, PlannedImage } from "../plan/plan.ts";
import {
  makeRecord,
  type RecordedImage,
  recordBlobs,
  recordReference,
  recordRepositoryName,
  type SetRecord,
} from "../plan/record.ts";
import type { Situation } from "../plan/situation.ts";
import type { Registry } from "../registry/registry.ts";
import type { Placed } from "./place.ts";

/** What is to be recorded of a set as it is placed. */
export function recordOf(
  plan: Plan,
  { upstream }: Pick<Situation, "upstream">,
  placed: readonly Placed[],
): SetRecord {
  const images = Object.fromEntries(
    placed.map(({ image, found }) => [image.name, recorded(image, found)]),
  );
  return {
    setId: plan.set.id,
    tag: plan.complete ? plan.set.tag : undefined,
    images,
    revision: plan.revision ?? undefined,
    pipeline: plan.pipeline ?? undefined,
    prefix: plan.config.prefix,
    ...(upstream === undefined ? {} : { upstream: printRepository(upstream) }),
  };
}

/** Where the record of a set goes; that of refreshed images waits under a name of its own to be promoted. */
export function recordTagOf({ id, generation }: Pick<Plan["set"], "id" | "generation">): string {
  return generation === null ? ownTags.set(id) : ofGeneration(ownTags.set(id), generation);
}

function recorded(image: PlannedImage, found: Placed["found"]): RecordedImage {
  if (found === undefined) return { kind: "missing" };
  const { reference, digest } = found;
  if (`${reference.host}/${reference.path}` === image.repository) return { kind: "own", digest };
  return { kind: "elsewhere", reference: { ...reference, digest } };
}

/** Where records are written, and when. */
export interface RecordPlace {
  readonly base: Repository;
  readonly registry: Registry;
  readonly now: Date;
}

/** Writes a record under the tag of its set (or another tag, for what is promoted); gives its reference. */
export async function writeRecord(
  record: SetRecord,
  { base, registry, now }: RecordPlace,
  tag: string = ownTags.set(record.setId),
): Promise<string> {
  const reference = recordReference(base, tag);
  await registry.put(reference, makeRecord(record, now));
  return printReference(reference);
}

/** What records refer to, taken from another project's where one was found there; in a new repository first of all. */
export async function putRecordBlobs(
  { set }: Plan,
  base: Repository,
  registry: Registry,
): Promise<void> {
  const own = below(base, recordRepositoryName);
  const from = set.record === null ? undefined : parseReference(set.record);
  const blobs = [recordBlobs.config, recordBlobs.layer];
  await Promise.all(blobs.map((blob) => registry.putBlob(own, blob, from)));
}
