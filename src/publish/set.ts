/** Publishing a set: its tag on every image, then the record, so that a record never promises too much. */
import { BerthError } from "../errors.ts";
import { withoutMembers } from "../image/image.ts";
import { ownTags } from "../image/key.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { parseRepository, printRepository, type Repository, withTag } from "../oci/reference.ts";
import { readTag } from "../oci/tags.ts";
import { isBuilt } from "../plan/decision.ts";
import type { Plan, PlannedImage } from "../plan/plan.ts";
import { readRecord, recordRepositoryName } from "../plan/record.ts";
import { announceWrites, isPublishDue } from "../plan/rights.ts";
import type { Situation } from "../plan/situation.ts";
import type { Registry } from "../registry/registry.ts";
import {
  goneHint,
  movedKeys,
  type Placed,
  place,
  putRecordBlobs,
  type RecordPlace,
  recordOf,
  recordTagOf,
  writeRecord,
} from "./record.ts";

export interface Published {
  /** The record of the set, written now or there already; `undefined` where none is due. */
  readonly record: string | undefined;
  /** Tags that were put, and on how many images. */
  readonly tags: ReadonlyMap<string, number>;
  readonly missing: readonly string[];
  /** Digests of images whose key's tag another pipeline moved after this run's build, by name. */
  readonly adopted: ReadonlyMap<string, Digest>;
  /** What was tagged, by name; images that get no tag here are not read. */
  readonly manifests: ReadonlyMap<string, Manifest>;
}

/** A plan whose set is published, and where. */
export interface Publication extends RecordPlace {
  readonly plan: Plan;
  readonly situation: Pick<Situation, "ci" | "wishes" | "upstream">;
}

/** How often a set is published anew because others moved key tags; each moves one at most once. */
const rounds = 5;

/**
 * Publishes the set of a plan: what the plan found by digest, what it had built by the key's tag. Where
 * nothing is due it only looks whether all is there.
 *
 * `made` are the manifests that this run's images ended at. Looks at the key tags of built images once
 * more at the end, and publishes again what another pipeline has moved meanwhile, so that all who
 * publish a set end at the same digests. SET_INCOMPLETE names every image that is not there; an
 * optional one that was to be built is recorded as missing instead.
 */
export async function publishSet(
  publication: Publication,
  made: ReadonlyMap<string, Manifest> = new Map(),
): Promise<Published> {
  const adopted = new Map<string, Digest>();
  const isMade = publication.plan.images.some(({ decision }) => isBuilt(decision));
  const later = isMade ? await laterRecord(publication) : undefined;
  if (later !== undefined)
    return { record: later, tags: new Map(), missing: [], adopted, manifests: new Map() };
  let inHand = made;
  for (let round = 1; ; round++) {
    const placed = await placeAll(publication, inHand);
    const record = await writeSet(placed, publication);
    const moved =
      round < rounds ? await movedKeys(placed, publication.registry) : new Map<string, Manifest>();
    if (moved.size === 0) return { record, ...summaryOf(placed), adopted };
    for (const [name, { descriptor }] of moved) adopted.set(name, descriptor.digest);
    inHand = new Map([...inHand, ...moved]);
  }
}

/**
 * The set's record, where a refreshed generation has taken it over since the plan: a job that is run again, or
 * writes an old record anew, must neither move tags which pipelines of that time still run in nor undo the refresh.
 */
async function laterRecord({ plan, base, registry }: Publication): Promise<string | undefined> {
  const { set } = plan;
  if (set.generation !== null) return undefined;
  announceWrites(plan, base, registry);
  const record = await readRecord(base, ownTags.set(set.id), registry);
  const tag = record?.content.tag;
  const [own = 0, other = 0] = [set.tag, tag].map((one) => readTag(one ?? "")?.pipeline);
  return tag === undefined || tag === set.tag || own > other ? undefined : record?.reference;
}

async function placeAll(
  publication: Publication,
  inHand: ReadonlyMap<string, Manifest>,
): Promise<readonly Placed[]> {
  const { plan, situation, base, registry } = publication;
  const isDue = isPublishDue(plan, situation);
  if (isDue) announceWrites(plan, base, registry);
  const tags = isDue ? tagsFor(publication) : [];
  const placed = await Promise.all(
    withoutMembers(plan.images).map((image) =>
      place(image, tags, registry, inHand.get(image.name)),
    ),
  );
  const needed = placed.filter(
    ({ image, found }) =>
      found === undefined && (!image.optional || image.decision.kind === "reuse"),
  );
  if (needed.length > 0)
    throw incomplete(
      needed.map(({ image }) => image),
      publication,
    );
  return placed;
}

/** The set's tag, where all images are here, unless all have it by the record's word; and a user's. */
function tagsFor({ plan, situation, base }: Publication): readonly string[] {
  if (!plan.complete) return [];
  const { tag } = situation.wishes;
  const user = tag === undefined ? [] : [tag];
  const isTagged =
    isOwn(plan, base) &&
    plan.images.every(
      ({ decision }) => decision.kind === "reuse" && decision.foundBy === "set-record",
    );
  return isTagged && plan.set.generation === null ? user : [plan.set.tag, ...user];
}

/** Tags first, then the record; gives where the set is on record. */
async function writeSet(
  placed: readonly Placed[],
  publication: Publication,
): Promise<string | undefined> {
  const { plan, situation, base, registry } = publication;
  const { set, images } = plan;
  const isReused = isOwn(plan, base) && images.every(({ decision }) => decision.kind === "reuse");
  const isRecorded = isReused && !set.stale;
  const isDue = isPublishDue(plan, situation) && !isRecorded;
  try {
    // Nothing points at a record's blobs yet, so they need not wait for the tags.
    const blobs = isDue && !isOwn(plan, base) ? putRecordBlobs(plan, base, registry) : undefined;
    await Promise.all([blobs, ...placed.flatMap((image) => putTags(image, registry))]);
    if (!isDue) return set.record ?? undefined;
    const later = isReused ? await laterRecord(publication) : undefined;
    if (later !== undefined) return later;
    const record = recordOf(plan, situation, placed);
    return await writeRecord(record, publication, recordTagOf(set));
  } catch (error) {
    // A record that cannot be written anew is left to a run that can, and so are tags to one that may put them.
    const isStamp = placed.every(({ tags }) => tags.length === 0);
    const isLeft = error instanceof BerthError && (isStamp || error.code === "REGISTRY_DENIED");
    if (!isReused || situation.wishes.tag !== undefined || !isLeft) throw error;
    return set.record ?? undefined;
  }
}

function summaryOf(placed: readonly Placed[]): Pick<Published, "tags" | "missing" | "manifests"> {
  const manifests = placed.flatMap(({ image, found }) =>
    found?.manifest === undefined ? [] : [[image.name, found.manifest] as const],
  );
  const missing = placed.filter(({ found }) => found === undefined);
  return {
    tags: countsOf(placed.flatMap(({ tags, found }) => (found === undefined ? [] : tags))),
    missing: missing.map(({ image }) => image.name),
    manifests: new Map(manifests),
  };
}

function countsOf(tags: readonly string[]): ReadonlyMap<string, number> {
  return new Map([...Map.groupBy(tags, (tag) => tag)].map(([tag, { length }]) => [tag, length]));
}

function putTags({ found, image, tags }: Placed, registry: Registry): readonly Promise<void>[] {
  const { repository } = image;
  const manifest = found?.manifest;
  if (manifest === undefined || repository === null) return [];
  return tags.map((tag) => registry.put(withTag(parseRepository(repository), tag), manifest));
}

/** Whether the set was found on record here. */
function isOwn({ set }: Plan, base: Repository): boolean {
  return set.record?.startsWith(`${printRepository(base)}/`) === true;
}

function incomplete(images: readonly PlannedImage[], { plan, base }: Publication): BerthError {
  const list = images
    .map(({ name, repository, tag, decision }) =>
      decision.kind === "reuse"
        ? `${name} (${decision.reference})`
        : `${name} (${repository ?? "no registry"}:${tag})`,
    )
    .join(", ");
  const isGone = images.some(({ decision }) => decision.kind === "reuse");
  const { record, stale } = plan.set;
  const from = record?.slice(0, record.lastIndexOf(`/${recordRepositoryName}:`));
  const isBelieved =
    !stale &&
    images.some(
      ({ decision }) => decision.kind === "reuse" && decision.reference.startsWith(`${from}/`),
    );
  const again =
    record !== null && isBelieved
      ? goneHint(record, isOwn(plan, base) ? undefined : plan.config.prefix)
      : "it was there when the plan was made: run the plan job again, which builds what is gone";
  return new BerthError("SET_INCOMPLETE", `publish the set: not in the registry: ${list}`, {
    hint: isGone
      ? again
      : "build these images first (`berth build NAME`, or see why their jobs failed), then publish again",
  });
}
