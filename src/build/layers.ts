/** Which layers of earlier builds a build may take, and where its own are kept for later ones. */
import { expected, ifPossible } from "../errors.ts";
import { cacheTagOf } from "../image/key.ts";
import type { Manifest } from "../oci/manifest.ts";
import { type Reference, type Repository, withTag } from "../oci/reference.ts";
import { isFromScratch } from "../plan/decision.ts";
import { repositoryOf } from "../plan/places.ts";
import type { PlannedImage } from "../plan/plan.ts";
import { configOf, member } from "./bases.ts";
import type { BuildRequest } from "./engine.ts";
import type { Tools } from "./tools.ts";

/** On an image: layers made before this time are not to be taken by builds that go on from it. */
export const sinceAnnotation = "berth.cache-since";

/**
 * How much earlier than its first build the first generation begins, in milliseconds.
 *
 * buildah is told an age, not a time, and compares it only when it has the base: a build whose base takes longer to come
 * than the first one's did would find that build's first layers a little too old.
 */
const lead = 10 * 60_000;

/** What an engine is told of caches. */
export type LayerCache = Pick<
  BuildRequest,
  "cacheFrom" | "cacheTo" | "cacheSince" | "noCache" | "runCaches"
>;

/**
 * The caches of a build: its own repository and upstream's, as far as they are of the latest generation.
 *
 * A generation begins with a build from scratch that was promoted, or with the first build of all; what is older
 * was made before the last refresh, or by a version of berth whose layers are not to be trusted.
 */
export async function layerCache(
  image: PlannedImage,
  repository: Repository,
  tools: Tools,
): Promise<LayerCache> {
  const now = tools.clock.now();
  if (isFromScratch(image.decision)) return fromScratch(now);
  const sources = sourcesOf(image.name, repository, tools);
  const tag = cacheTagOf(image.name);
  const times = await Promise.all(sources.map((source) => sinceOf(withTag(source, tag), tools)));
  const since = Math.max(...times.map((time) => time?.getTime() ?? Number.NEGATIVE_INFINITY));
  return {
    cacheFrom: sources.filter((_, index) => times[index]?.getTime() === since),
    cacheTo: repository,
    cacheSince: new Date(since > 0 ? since : now.getTime() - lead),
    noCache: false,
  };
}

/** For a build that takes no layers and leaves none. */
export function fromScratch(now: Date): LayerCache {
  return { cacheFrom: [], cacheTo: undefined, cacheSince: now, noCache: true };
}

/** Gives the image the tag under which later builds find its layers, unless a later generation has it already. */
export async function keepLayers(
  name: string,
  manifest: Manifest,
  { cacheTo, cacheSince }: LayerCache,
  tools: Tools,
): Promise<void> {
  if (cacheTo === undefined) return;
  const tagged = withTag(cacheTo, cacheTagOf(name));
  const there = await sinceOf(tagged, tools);
  if (there !== undefined && cacheSince !== undefined && there > cacheSince) return;
  const warn = expected(({ message }) =>
    tools.log.warn(`the layer cache could not be written: ${message}`),
  );
  await tools.registry.put(tagged, manifest).catch(warn);
}

/**
 * When the oldest of the layers was made that a build put upon its base, as the history in its config tells it
 * (image-spec, config.md); layers that an engine took from a cache keep their time.
 *
 * `undefined` where the build made none, or the history does not tell them all.
 */
export function oldestLayer(config: Uint8Array, where: string, made: number): Date | undefined {
  const { history } = configOf(config, where);
  const layers = (Array.isArray(history) ? history : []).filter(
    (entry) => member(entry, "empty_layer") !== true,
  );
  // Counted from the end, since a base need not tell its own history.
  const times = layers
    .slice(-made)
    .map((entry) => Date.parse(String(member(entry, "created") ?? "")));
  const isTold = made > 0 && times.length === made && !times.some(Number.isNaN);
  return isTold ? new Date(Math.min(...times)) : undefined;
}

/** Own layers before upstream's. */
function sourcesOf(name: string, own: Repository, { situation, task }: Tools) {
  const { upstream } = situation;
  const template = task.plan.config.repository;
  return upstream === undefined ? [own] : [own, repositoryOf(upstream, template, name)];
}

/** Since when cached layers are made; a cache that cannot be read is none, nor is one of a clock that goes ahead. */
async function sinceOf(tagged: Reference, { registry, clock }: Tools): Promise<Date | undefined> {
  const cache = await ifPossible(registry.get(tagged));
  const time = Date.parse(cache?.content.annotations[sinceAnnotation] ?? "");
  return time <= clock.now().getTime() + lead ? new Date(time) : undefined;
}
