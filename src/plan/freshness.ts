/** What has to be looked up before it can be told whether images are fresh enough; nothing where nothing asks. */
import type { Config } from "../config/config.ts";
import { BerthError } from "../errors.ts";
import type { KeyedImage } from "../image/key.ts";
import { parseReference } from "../oci/reference.ts";
import type { Registry } from "../registry/registry.ts";
import type { Merge } from "./merge.ts";
import { foundOf, type Observation, type Sighting } from "./observe.ts";
import {
  type Freshness,
  type ImageOrigin,
  needsTarget,
  originOf,
  refreshPolicy,
} from "./refresh.ts";
import type { Situation } from "./situation.ts";

/** What git knows of a merge. */
export interface MergeHistory {
  /** The head of the branch that is merged into; `undefined` where it cannot be had. */
  target(merge: Merge): Promise<string | undefined>;
  /** Whether `ancestor` is in the history of `descendant`; `undefined` where that cannot be told. */
  isAncestor(ancestor: string, descendant: string): Promise<boolean | undefined>;
}

/** Where it is asked, and who is. */
export interface FreshnessAsked {
  readonly situation: Situation;
  readonly config: Pick<Config, "refresh">;
  readonly registry: Pick<Registry, "get" | "head">;
  readonly history: MergeHistory;
  readonly now: Date;
}

/**
 * Reads what the images that were sighted say of their origin, and what their bases are today: one GET
 * for each image that a merge or the policy asks about, one HEAD for each distinct base.
 */
export async function lookAtFreshness(
  images: readonly Pick<KeyedImage, "name">[],
  observation: Observation,
  { situation, config, registry, history, now }: FreshnessAsked,
): Promise<Freshness> {
  const policy = refreshPolicy(situation, config);
  const isAsked = (sighting: Sighting): boolean =>
    policy !== undefined || (situation.merge !== undefined && needsTarget(sighting, situation));
  const asked = images.flatMap(({ name }) => {
    const sighting = foundOf(observation, name);
    return sighting !== undefined && isAsked(sighting) ? [{ name, sighting }] : [];
  });
  const origins = new Map<string, ImageOrigin>();
  await Promise.all(
    asked.map(async ({ name, sighting }) => {
      const manifest = sighting.manifest ?? (await registry.get(sighting.reference));
      if (manifest !== undefined) origins.set(name, originOf(manifest.content.annotations));
    }),
  );
  const all = [...origins.values()];
  const [bases, merge] = await Promise.all([
    policy?.followBases === true ? lookAtBases(all, registry) : new Map<string, string>(),
    lookAtMerge(situation.merge, all, history),
  ]);
  return { now, origins, bases, ...merge };
}

async function lookAtBases(
  origins: readonly ImageOrigin[],
  registry: Pick<Registry, "head">,
): Promise<ReadonlyMap<string, string>> {
  const names = new Set(origins.flatMap(({ bases }) => bases.map(({ name }) => name)));
  const found = new Map<string, string>();
  await Promise.all(
    [...names].map(async (name) => {
      // A base whose registry is away is no reason to build, and none to fail.
      const current = await headOf(name, registry);
      if (current !== undefined) found.set(name, current);
    }),
  );
  return found;
}

async function headOf(name: string, registry: Pick<Registry, "head">): Promise<string | undefined> {
  try {
    return (await registry.head(parseReference(name)))?.digest;
  } catch (error) {
    if (error instanceof BerthError) return undefined;
    throw error;
  }
}

async function lookAtMerge(
  merge: Merge | undefined,
  origins: readonly ImageOrigin[],
  history: MergeHistory,
): Promise<Pick<Freshness, "target" | "onTarget">> {
  const revisions = new Set(origins.flatMap(({ revision }) => revision ?? []));
  if (merge === undefined || revisions.size === 0)
    return { target: undefined, onTarget: new Set() };
  const target = await history.target(merge);
  const onTarget = new Set<string>();
  if (target === undefined) return { target, onTarget };
  for (const revision of revisions)
    if ((await history.isAncestor(target, revision)) === true) onTarget.add(revision);
  return { target, onTarget };
}
