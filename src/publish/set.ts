/** Publishing a set: its tag on every image, then the record, so that a record never promises too much. */
import { BerthError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import {
  below,
  parseRepository,
  printReference,
  type Repository,
  withTag,
} from "../oci/reference.ts";
import { writtenSetTag } from "../plan/places.ts";
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
import { movedKeys, type Placed, place } from "./place.ts";

export interface Published {
  /** The record that was written; `undefined` where none was due. */
  readonly record: string | undefined;
  readonly tags: readonly string[];
  readonly missing: readonly string[];
  /** Digests of images whose key's tag another pipeline moved after this run's build, by name. */
  readonly adopted: ReadonlyMap<string, Digest>;
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
    if (moved.size === 0) return { ...published, adopted };
    for (const [name, { descriptor }] of moved) adopted.set(name, descriptor.digest);
    inHand = new Map([...inHand, ...moved]);
  }
}

async function publishOnce(
  plan: Plan,
  situation: Situation,
  base: Repository,
  registry: Registry,
  now: Date,
  known: ReadonlyMap<string, Manifest>,
): Promise<Omit<Published, "adopted"> & { readonly placed: readonly Placed[] }> {
  const tags = plan.complete ? [writtenSetTag(situation, plan.set.id), ...userTags(situation)] : [];
  const repositories = plan.images.flatMap(({ repository }) =>
    repository === null ? [] : [parseRepository(repository)],
  );
  registry.announce(
    "push",
    plan.complete
      ? [below(base, recordRepositoryName), ...repositories]
      : [below(base, recordRepositoryName)],
  );
  const placed = await Promise.all(
    plan.images.map((image) => place(image, base, registry, known, plan.complete)),
  );
  const missing = placed.filter(({ found }) => found === undefined).map(({ image }) => image);
  const needed = missing.filter(({ optional }) => !optional);
  if (needed.length > 0) throw incomplete(needed);
  await Promise.all(
    placed.flatMap(({ found, image }) =>
      found?.manifest === undefined || image.repository === null
        ? []
        : tags.map((tag) =>
            putTag(
              registry,
              parseRepository(image.repository as string),
              tag,
              found.manifest as Manifest,
            ),
          ),
    ),
  );
  const record = recordOf(plan, situation, placed);
  const written = situation.trusted ? await writeRecord(record, base, registry, now) : undefined;
  return { record: written, tags, missing: missing.map(({ name }) => name), placed };
}

function userTags(situation: Situation): readonly string[] {
  return situation.userTag === undefined ? [] : [situation.userTag];
}

async function putTag(
  registry: Registry,
  repository: Repository,
  tag: string,
  manifest: Manifest,
): Promise<void> {
  await registry.put(withTag(repository, tag), manifest);
}

function recordOf(plan: Plan, situation: Situation, placed: readonly Placed[]): SetRecord {
  const images = Object.fromEntries(
    placed.map(({ image, found }) => [image.name, recorded(image, found)]),
  );
  return {
    setId: plan.set.id,
    tag: plan.complete ? writtenSetTag(situation, plan.set.id) : undefined,
    images,
    revision: plan.revision ?? undefined,
    pipeline: situation.pipeline,
  };
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
  tag: string = `set-${record.setId}`,
): Promise<string> {
  const reference = recordReference(base, tag);
  await Promise.all([
    registry.putBlob(reference, recordBlobs.config),
    registry.putBlob(reference, recordBlobs.layer),
  ]);
  await registry.put(reference, makeRecord(record, now));
  return printReference(reference);
}

function incomplete(images: readonly PlannedImage[]): BerthError {
  const list = images
    .map(({ name, repository, tag }) => `${name} (${repository ?? "no registry"}:${tag})`)
    .join(", ");
  return new BerthError("SET_INCOMPLETE", `publish the set: not in the registry: ${list}`, {
    hint: "build these images first (`berth build NAME`, or see why their jobs failed), then publish again",
  });
}
