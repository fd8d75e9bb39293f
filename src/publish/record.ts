/** The images of a set as they are there when it is published, and the record that says so. */
import { ownTags } from "../image/key.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import {
  below,
  parseReference,
  parseRepository,
  printReference,
  printRepository,
  type Reference,
  type Repository,
  withDigest,
  withTag,
} from "../oci/reference.ts";
import { ofGeneration } from "../oci/tags.ts";
import { isBuilt } from "../plan/decision.ts";
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

/** An image of the set and the manifest that it has; none where it is not there. */
export interface Placed {
  readonly image: PlannedImage;
  /** What it is to be tagged as. */
  readonly tags: readonly string[];
  readonly found:
    | {
        readonly digest: Digest;
        readonly reference: Reference;
        readonly manifest: Manifest | undefined;
      }
    | undefined;
}

/** Finds one image by the digest that the plan knows, or by the key's tag; its manifest where it is in hand or to get tags. */
export async function place(
  image: PlannedImage,
  tags: readonly string[],
  registry: Registry,
  inHand: Manifest | undefined,
): Promise<Placed> {
  const wanted = wantedReference(image);
  if (wanted === undefined) return { image, tags, found: undefined };
  if (wanted.digest !== undefined && inHand === undefined && tags.length === 0) {
    const digest = (await registry.head(wanted)) && wanted.digest;
    return { image, tags, found: digest && { digest, reference: wanted, manifest: undefined } };
  }
  const manifest = inHand ?? (await registry.get(wanted));
  if (manifest === undefined) return { image, tags, found: undefined };
  const { digest } = manifest.descriptor;
  return { image, tags, found: { digest, reference: withDigest(wanted, digest), manifest } };
}

function wantedReference({ decision, repository, tag }: PlannedImage): Reference | undefined {
  if (decision.kind === "reuse") return parseReference(decision.reference);
  if (repository === null) return undefined;
  const own = parseRepository(repository);
  return isBuilt(decision) ? withTag(own, tag) : withDigest(own, decision.digest);
}

/** Built images whose key's tag is no longer what was published, with what it is instead. */
export async function movedKeys(
  placed: readonly Placed[],
  registry: Registry,
): Promise<ReadonlyMap<string, Manifest>> {
  const moved = new Map<string, Manifest>();
  await Promise.all(
    placed.map(async ({ image, found }) => {
      if (!isBuilt(image.decision) || found === undefined) return;
      const tagged = withTag(found.reference, image.tag);
      const current = await registry.head(tagged);
      if (current === undefined || current.digest === found.digest) return;
      const manifest = await registry.get(tagged);
      if (manifest !== undefined) moved.set(image.name, manifest);
    }),
  );
  return moved;
}

/** What is to be recorded of a set as it is placed. */
export function recordOf(
  plan: Plan,
  { upstream }: Pick<Situation, "upstream">,
  placed: readonly Placed[],
): SetRecord {
  return {
    setId: plan.set.id,
    tag: plan.complete ? plan.set.tag : undefined,
    images: new Map(placed.map(({ image, found }) => [image.name, recorded(image, found)])),
    revision: plan.revision ?? undefined,
    pipeline: plan.pipeline ?? undefined,
    prefix: plan.config.prefix,
    upstream: upstream && printRepository(upstream),
  };
}

/** Where the record of a set goes; that of refreshed images waits under a name of its own to be promoted. */
export function recordTagOf({ id, generation }: Plan["set"]): string {
  return generation === null ? ownTags.set(id) : ofGeneration(ownTags.set(id), generation);
}

function recorded(image: PlannedImage, found: Placed["found"]): RecordedImage {
  if (found === undefined) return { kind: "missing" };
  const { reference, digest } = found;
  if (`${reference.host}/${reference.path}` === image.repository) return { kind: "own", digest };
  return { kind: "elsewhere", reference: { ...reference, digest } };
}

/** What to do about an image that a record names and that is gone: a young record is believed, also by a fork, whose variables begin with `prefix`. */
export function goneHint(record: string, prefix?: string): string {
  const mended = "the image is then looked for, and built where it is gone";
  if (prefix === undefined)
    return `delete the tag ${record}, which is believed for 20 hours, and run the pipeline again: ${mended}`;
  return `upstream's record ${record} names it, and is believed for 20 hours: until upstream deletes that tag a pipeline here with ${prefix}_FORCE_REBUILD, and the image's name, builds it`;
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
