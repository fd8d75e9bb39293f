/** What makes refreshed images the ones that all later pipelines use: tests, then their key tags and the set's record. */
import { BerthError } from "../errors.ts";
import { memberName } from "../image/image.ts";
import { cacheTagOf, keyOfTag, ownTags } from "../image/key.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { printPlatform } from "../oci/platform.ts";
import { type Reference, type Repository, withDigest, withTag } from "../oci/reference.ts";
import { pastTag } from "../oci/tags.ts";
import { repositoryOf } from "../plan/places.ts";
import type { Plan } from "../plan/plan.ts";
import type { SetRecord } from "../plan/record.ts";
import type { MovingTag } from "./forward.ts";
import { writeRecord } from "./record.ts";

/**
 * Moves the key tags to the images of a refreshed set, and then the set's record; gives what that says now.
 *
 * What a key meant until then keeps a tag, for pipelines that were told its digest: a registry may drop what
 * has none. Killed in between, some keys are fresh and the record names the old images; run again it
 * converges. Does nothing where the record is that of this generation already, mended since or not.
 */
export async function adoptGeneration(
  { images }: Plan,
  fresh: SetRecord,
  usual: SetRecord | undefined,
  at: MovingTag,
): Promise<SetRecord> {
  const { template, base, registry } = at;
  if (usual?.tag === fresh.tag && usual !== undefined) return usual;
  const moves = await Promise.all(
    images.map(async ({ name, key }): Promise<readonly Move[]> => {
      const image = fresh.images.get(name);
      if (image?.kind !== "own") return [];
      const { digest } = image;
      const repository = repositoryOf(base, template, name);
      const own = await moveOf({ name, keyTag: ownTags.key(key), repository, digest }, at);
      return own === undefined ? [] : [...(await memberMoves(name, own, at)), own];
    }),
  );
  await Promise.all(
    moves.flat().map(async ({ tagged, past, before, cache, manifest }) => {
      if (before !== undefined) await registry.put(past, before);
      // From now on no build goes on from layers that are older than these.
      if (cache !== undefined) await registry.put(cache, manifest);
      await registry.put(tagged, manifest);
    }),
  );
  await writeRecord(fresh, at);
  return fresh;
}

interface Move {
  readonly tagged: Reference;
  readonly past: Reference;
  /** What the tag pointed at until now. */
  readonly before: Manifest | undefined;
  /** Where later builds look for layers; an index has none. */
  readonly cache: Reference | undefined;
  readonly manifest: Manifest;
}

/** An image or member of the fresh set, and its key's tag. */
interface Fresh {
  readonly name: string;
  readonly keyTag: string;
  readonly repository: Repository;
  readonly digest: Digest;
}

/** How a key's tag gets to an image; `undefined` where it is there. */
async function moveOf(
  { name, keyTag, repository, digest }: Fresh,
  { registry, now }: MovingTag,
): Promise<Move | undefined> {
  const tagged = withTag(repository, keyTag);
  const before = await registry.get(tagged);
  if (before?.descriptor.digest === digest) return undefined;
  const manifest = await registry.get(withDigest(repository, digest));
  if (manifest === undefined) throw gone(name, digest);
  const isIndex = manifest.content.kind === "index";
  const cache = isIndex ? undefined : withTag(repository, cacheTagOf(name));
  return { tagged, past: withTag(tagged, pastTag(keyTag, now)), before, cache, manifest };
}

/** The same of the members of an index, which say themselves what their keys are. */
async function memberMoves(
  name: string,
  { tagged: repository, manifest }: Move,
  at: MovingTag,
): Promise<readonly Move[]> {
  const { content } = manifest;
  if (content.kind !== "index") return [];
  const moves = content.manifests.map(async ({ digest, platform }) => {
    const child = await at.registry.get(withDigest(repository, digest));
    const key = keyOfTag(child?.content.annotations["berth.key"]);
    if (key === undefined || platform === undefined) return [];
    const member = memberName(name, printPlatform(platform));
    return (await moveOf({ name: member, keyTag: ownTags.key(key), repository, digest }, at)) ?? [];
  });
  return (await Promise.all(moves)).flat();
}

function gone(name: string, digest: string): BerthError {
  const what = `promote the refreshed ${name}: ${digest} is not in the registry any more`;
  const hint = "run the pipeline again; it refreshes the image anew";
  return new BerthError("SET_INCOMPLETE", what, { hint });
}

/** The component's own jobs, less their prefix. */
const componentJobs = ["plan", "images", "promote", "prune"];

/** The prefix of the component's jobs where none of a pipeline's is named as one that promotes. */
const usualPrefix = "berth-";

/**
 * SET_UNTESTED where none of a pipeline's jobs but the component's own has passed; a job that was skipped, or
 * waits to be started by hand, tests nothing.
 */
export function refuseUntested(
  jobs: readonly { readonly name: string; readonly status: string }[],
  pipeline: string,
): void {
  const prefixes = jobs.flatMap(({ name }) => /^(.*)promote$/.exec(name)?.[1] ?? []);
  const own = new Set(
    [...prefixes, usualPrefix].flatMap((prefix) => componentJobs.map((job) => `${prefix}${job}`)),
  );
  if (jobs.some(({ name, status }) => status === "success" && !own.has(name))) return;
  const what = `promote what the scheduled pipeline ${pipeline} refreshed: no job of it has run in the images`;
  throw new BerthError("SET_UNTESTED", what, {
    hint: "let jobs that test the images run in upstream's schedules (with the component rules by their flag _SCHEDULED), or switch this off by `refresh: false`",
  });
}
