/** Publishing a set: its tag on every image, then the record, so that a record never promises too much. */
import { BerthError } from "../errors.ts";
import { ownTags } from "../image/key.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import {
  below,
  parseReference,
  parseRepository,
  printReference,
  printRepository,
  type Repository,
  withTag,
} from "../oci/reference.ts";
import { ofGeneration } from "../oci/tags.ts";
import { isBuilt, type Plan, type PlannedImage } from "../plan/plan.ts";
import {
  makeRecord,
  parseRecord,
  type RecordedImage,
  recordBlobs,
  recordReference,
  recordRepositoryName,
  type SetRecord,
} from "../plan/record.ts";
import type { Situation } from "../plan/situation.ts";
import type { Registry } from "../registry/registry.ts";
import { announceWrites } from "./announce.ts";
import { movedKeys, type Placed, place } from "./place.ts";

export interface Published {
  /** The record of the set, written now or there already; `undefined` where none is due. */
  readonly record: string | undefined;
  readonly tags: readonly string[];
  readonly missing: readonly string[];
  /** Digests of images whose key's tag another pipeline moved after this run's build, by name. */
  readonly adopted: ReadonlyMap<string, Digest>;
  /** What was tagged, by name; images that get no tag here are not read. */
  readonly manifests: ReadonlyMap<string, Manifest>;
}

/** How often a set is published anew because others moved key tags; each moves one at most once. */
const rounds = 5;

/**
 * Publishes the set of a plan: what the plan found by digest, what it had built by the key's tag.
 *
 * `known` are manifests that are in hand already, by image. Looks at the key tags of built images once
 * more at the end, and publishes again what another pipeline has moved meanwhile, so that all who
 * publish a set end at the same digests. SET_INCOMPLETE names every image that is not there; an
 * optional one is recorded as missing instead.
 */
export async function publishSet(
  plan: Plan,
  situation: Situation,
  base: Repository,
  registry: Registry,
  now: Date,
  known: ReadonlyMap<string, Manifest> = new Map(),
): Promise<Published> {
  const adopted = new Map<string, Digest>();
  const later = await laterRecord(plan, situation, base, registry);
  if (later !== undefined)
    return { record: later, tags: [], missing: [], adopted, manifests: new Map() };
  let inHand = known;
  for (let round = 1; ; round++) {
    const { placed, ...published } = await publishOnce(
      plan,
      situation,
      base,
      registry,
      now,
      inHand,
    );
    const moved = round < rounds ? await movedKeys(placed, registry) : new Map<string, Manifest>();
    if (moved.size === 0) return { ...published, adopted, manifests: manifestsIn(placed) };
    for (const [name, { descriptor }] of moved) adopted.set(name, descriptor.digest);
    inHand = new Map([...inHand, ...moved]);
  }
}

/**
 * The set's record, where a refreshed generation has taken it over since these images were built: a job that
 * is run again must not move the tags which pipelines of that time still run in.
 */
async function laterRecord(
  plan: Plan,
  situation: Situation,
  base: Repository,
  registry: Registry,
): Promise<string | undefined> {
  const { set, images } = plan;
  const isFirst = set.generation === null && images.some(({ decision }) => isBuilt(decision));
  if (!situation.trusted || !isFirst) return undefined;
  announceWrites(plan, base, registry);
  const reference = recordReference(base, ownTags.set(set.id));
  const where = printReference(reference);
  const manifest = await registry.get(reference);
  const tag = manifest === undefined ? undefined : parseRecord(manifest, where)?.tag;
  return tag === undefined || tag === set.tag ? undefined : where;
}

async function publishOnce(
  plan: Plan,
  situation: Situation,
  base: Repository,
  registry: Registry,
  now: Date,
  known: ReadonlyMap<string, Manifest>,
): Promise<Omit<Published, "adopted" | "manifests"> & { readonly placed: readonly Placed[] }> {
  const tags = plan.complete ? [plan.set.tag, ...userTags(situation)] : [];
  announceWrites(plan, base, registry);
  const placed = await Promise.all(
    plan.images.map((image) => place(image, base, registry, known, plan.complete)),
  );
  const missing = placed.filter(({ found }) => found === undefined).map(({ image }) => image);
  const needed = missing.filter(({ optional }) => !optional);
  if (needed.length > 0) throw incomplete(needed);
  // Nothing points at a record's blobs yet, so they need not wait for the tags.
  const { trusted } = situation;
  // Since then the record may have moved on to a refreshed generation.
  const isRecorded =
    isOwn(plan, base) && plan.images.every(({ decision }) => decision.kind === "reuse");
  const isDue = trusted && !isRecorded;
  const blobs = isDue && !isOwn(plan, base) ? putRecordBlobs(plan, base, registry) : undefined;
  await Promise.all([blobs, ...placed.flatMap((image) => putTags(image, tags, registry))]);
  const record = recordOf(plan, placed);
  const written = isDue
    ? await writeRecord(record, base, registry, now, recordTagOf(plan.set))
    : (trusted && plan.set.record) || undefined;
  return { record: written, tags, missing: missing.map(({ name }) => name), placed };
}

function manifestsIn(placed: readonly Placed[]): ReadonlyMap<string, Manifest> {
  return new Map(
    placed.flatMap(({ image, found }) =>
      found?.manifest === undefined ? [] : [[image.name, found.manifest] as const],
    ),
  );
}

function userTags(situation: Situation): readonly string[] {
  return situation.userTag === undefined ? [] : [situation.userTag];
}

function putTags(
  { found, image }: Placed,
  tags: readonly string[],
  registry: Registry,
): readonly Promise<void>[] {
  const { repository } = image;
  const manifest = found?.manifest;
  if (manifest === undefined || repository === null) return [];
  return tags.map((tag) => registry.put(withTag(parseRepository(repository), tag), manifest));
}

function recordOf(plan: Plan, placed: readonly Placed[]): SetRecord {
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
  };
}

/** Whether the set was found on record here. */
function isOwn({ set }: Plan, base: Repository): boolean {
  return set.record?.startsWith(`${printRepository(base)}/`) === true;
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

/** Writes a record under the tag of its set (or another tag, for what is promoted); gives its reference. */
export async function writeRecord(
  record: SetRecord,
  base: Repository,
  registry: Registry,
  now: Date,
  tag: string = ownTags.set(record.setId),
): Promise<string> {
  const reference = recordReference(base, tag);
  await registry.put(reference, makeRecord(record, now));
  return printReference(reference);
}

/** What records refer to, taken from another project's where one was found there; in a new repository first of all. */
async function putRecordBlobs({ set }: Plan, base: Repository, registry: Registry): Promise<void> {
  const own = below(base, recordRepositoryName);
  const from = set.record === null ? undefined : parseReference(set.record);
  const blobs = [recordBlobs.config, recordBlobs.layer];
  await Promise.all(blobs.map((blob) => registry.putBlob(own, blob, from)));
}

function incomplete(images: readonly PlannedImage[]): BerthError {
  const list = images
    .map(({ name, repository, tag }) => `${name} (${repository ?? "no registry"}:${tag})`)
    .join(", ");
  return new BerthError("SET_INCOMPLETE", `publish the set: not in the registry: ${list}`, {
    hint: "build these images first (`berth build NAME`, or see why their jobs failed), then publish again",
  });
}
