/**
 * Claims: what makes promotion go forward only without a lock.
 *
 * Whoever is about to move a tag first says so under a tag of its own, which nobody overwrites, and
 * looks at all claims after moving. So of two promotions at once at least the one that wrote last sees
 * the newer commit, and points the tag at that.
 */
import { BerthError } from "../errors.ts";
import { below, printReference, type Repository } from "../oci/reference.ts";
import { claimPrefix } from "../oci/tags.ts";
import {
  parseRecord,
  recordReference,
  recordRepositoryName,
  type SetRecord,
} from "../plan/record.ts";
import type { Registry } from "../registry/registry.ts";

/** The set of a commit that somebody promotes or has promoted. */
export interface Claim {
  readonly tag: string;
  readonly revision: string;
  readonly record: SetRecord;
}

/** No promotion takes this long; a claim this old stops nobody, such as one who goes back on purpose. */
const lifetimeMs = 24 * 60 * 60 * 1000;

/** The claims on a tag beside one that is in hand; none where the registry does not list tags. */
export async function claimsOn(
  tag: string,
  base: Repository,
  registry: Registry,
  now: Date,
  inHand: string,
): Promise<readonly Claim[]> {
  const prefix = claimPrefix(tag);
  const isClaim = (name: string) =>
    name !== inHand && name.startsWith(prefix) && /^[0-9a-z]+$/.test(name.slice(prefix.length));
  const names = (await allTags(base, registry)).filter(isClaim);
  const read = names.map(async (name): Promise<readonly Claim[]> => {
    const reference = recordReference(base, name);
    const manifest = await registry.get(reference);
    const created = manifest?.content.annotations["org.opencontainers.image.created"] ?? "";
    if (manifest === undefined || now.getTime() - Date.parse(created) > lifetimeMs) return [];
    const record = parseRecord(manifest, printReference(reference));
    const revision = name.slice(prefix.length);
    return record === undefined ? [] : [{ tag: name, revision, record }];
  });
  return (await Promise.all(read)).flat();
}

async function allTags(base: Repository, registry: Registry): Promise<readonly string[]> {
  const names: string[] = [];
  return unlessRefused(async () => {
    for await (const name of registry.tags(below(base, recordRepositoryName))) names.push(name);
    return names;
  }, names);
}

/** Deletes claims that can stop nobody any more; where the login may not delete they stay, harmlessly. */
export async function dropClaims(
  claims: readonly Claim[],
  base: Repository,
  registry: Registry,
): Promise<void> {
  for (const { tag } of claims) {
    const deleted = await unlessRefused<boolean | "refused">(
      () => registry.deleteTag(recordReference(base, tag)),
      "refused",
    );
    if (deleted === "refused") return;
  }
}

async function unlessRefused<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BerthError) || error.code === "REGISTRY_UNAVAILABLE") throw error;
    return otherwise;
  }
}
