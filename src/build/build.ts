/** Builds one image: what was hashed goes to the engine, and what it pushed gets the key's tag. */
import { BerthError } from "../errors.ts";
import { builtTagOf } from "../image/key.ts";
import { present } from "../json.ts";
import type { Manifest } from "../oci/manifest.ts";
import {
  printReference,
  printRepository,
  type Reference,
  withDigest,
  withTag,
} from "../oci/reference.ts";
import { isFromScratch } from "../plan/decision.ts";
import { isWhole } from "../plan/look.ts";
import { ownRepository } from "../plan/places.ts";
import type { PlannedImage } from "../plan/plan.ts";
import type { Clock } from "../world.ts";
import { annotationsOf, withAnnotations } from "./annotate.ts";
import type { BuildRequest, Engine } from "./engine.ts";
import { lastLines, withOutput } from "./failure.ts";
import { keepLayers, layerCache, oldestLayer, sinceAnnotation } from "./layers.ts";
import { secondsAnnotation } from "./outcome.ts";
import { pinReferences } from "./pin.ts";
import { type Build, withRequest } from "./request.ts";
import type { Tools } from "./tools.ts";

/** The manifest that the image ended at, and whether another pipeline had made it meanwhile. */
export interface BuiltImage {
  readonly manifest: Manifest;
  readonly adopted: boolean;
}

/**
 * Builds an image, unless its key has come to be in the meantime.
 *
 * `parents` are references by digest of the images of the set that it is built from. What was hashed
 * is what is built: the engine sees the canonical context and nothing else.
 */
export async function buildImage(
  image: PlannedImage,
  parents: ReadonlyMap<string, string>,
  tools: Tools,
): Promise<BuiltImage> {
  const repository = ownRepository(image);
  const tagged = withTag(repository, image.tag);
  const already = await tools.registry.get(tagged);
  if (already !== undefined && (await isWhole(already, repository, tools.registry)))
    return { manifest: already, adopted: true };
  const pinned = await pinReferences(image, parents, tools);
  const began = tools.clock.now().getTime();
  const layers = await layerCache(image, repository, tools);
  const destination = withTag(repository, builtTagOf(image.name));
  const work = { image, parents, pinned, layers, destination };
  const pushed = await runEngine(work, tools);
  const seconds = (tools.clock.now().getTime() - began) / 1000;
  const created = (await oldestTaken(pushed.manifest, work, tools)) ?? new Date(began);
  const manifest = annotate(pushed, work, { seconds, created }, tools);
  // Another pipeline may have been faster; the first image of a key is the one that all use.
  const first = await tools.registry.get(tagged);
  const isNew = first?.descriptor.digest !== already?.descriptor.digest;
  if (first !== undefined && isNew) return { manifest: first, adopted: true };
  // The key's tag last: a run that is killed before it builds again, from these layers.
  await keepLayers(image.name, manifest, layers, tools);
  await tools.registry.put(tagged, manifest);
  return recorded(tagged, manifest, tools);
}

interface Pushed {
  readonly manifest: Manifest;
  /** The engine's name. */
  readonly engine: string;
}

async function runEngine(build: Build, tools: Tools): Promise<Pushed> {
  const { image, destination } = build;
  const engine = await tools.engine();
  const title = `build ${image.name} with ${engine.name}`;
  return withRequest(build, title, tools, async (request) => {
    const digest = await runToEnd(engine, request);
    const pushed = withDigest(destination, digest);
    const manifest = await settled(() => tools.registry.get(pushed), tools.clock);
    if (manifest !== undefined) return { manifest, engine: engine.name };
    const what = `build ${image.name}: the engine pushed ${digest}, the registry does not have it`;
    const hint = "run the job again; if it stays, look at the registry's log";
    throw new BerthError("REGISTRY_REFUSED", what, { hint });
  });
}

/** What was put a moment ago, which a registry of several machines may not show at once. */
async function settled<T>(
  look: () => Promise<T | undefined>,
  clock: Clock,
): Promise<T | undefined> {
  for (let pause = 500; ; pause *= 4) {
    const seen = await look();
    if (seen !== undefined || pause > 8000) return seen;
    await clock.sleep(pause);
  }
}

/** Builds and pushes; a failure carries the engine's last lines. */
async function runToEnd(engine: Engine, request: BuildRequest) {
  const { kept, onLine } = lastLines(request.onLine);
  try {
    return await engine.build({ ...request, onLine });
  } catch (error) {
    throw error instanceof BerthError ? withOutput(error, kept) : error;
  }
}

function annotate(
  { manifest, engine }: Pushed,
  { image, layers, pinned: { base, bases } }: Build,
  { seconds, created }: { readonly seconds: number; readonly created: Date },
  { situation, task }: Tools,
): Manifest {
  const { revision } = task.plan;
  // A job of the child pipeline has another pipeline's number than the plan.
  const planned = { ...situation, pipeline: task.plan.pipeline ?? situation.pipeline };
  const annotations = present({
    ...annotationsOf(image, planned, { revision, created, base, bases, engine }),
    [secondsAnnotation]: seconds.toFixed(1),
    [sinceAnnotation]: layers.cacheSince?.toISOString(),
  });
  return withAnnotations(manifest, annotations) ?? manifest;
}

/**
 * When the oldest layer was made that this build may have taken from a cache; `undefined` where it took none, or
 * that cannot be told.
 */
async function oldestTaken(
  { content }: Manifest,
  { image, parents, pinned: { base }, destination }: Build,
  tools: Tools,
): Promise<Date | undefined> {
  if (isFromScratch(image.decision) || content.kind === "index") return undefined;
  const parent = [...parents.values()].find((one) => one.endsWith(`@${base?.digest}`));
  const below =
    base === undefined ? 0 : (await tools.base(parent ?? base.name, image.platform)).layers;
  const config = await tools.registry.blob(destination, content.config.digest);
  if (below === undefined || config === undefined) return undefined;
  return oldestLayer(config, printRepository(destination), content.layers.length - below);
}

/**
 * What the tag is now. A registry has no "put if absent": where two pipelines looked before either had
 * put, the later put stays, and whoever sees another image than its own adopts that one.
 */
export async function recorded(
  tagged: Reference,
  manifest: Manifest,
  { registry, clock }: Pick<Tools, "registry" | "clock">,
): Promise<BuiltImage> {
  const seen = await registry.head(tagged);
  if (seen?.digest === manifest.descriptor.digest) return { manifest, adopted: false };
  const other = await settled(() => registry.get(tagged), clock);
  if (other !== undefined) {
    const adopted = other.descriptor.digest !== manifest.descriptor.digest;
    return { manifest: other, adopted };
  }
  const what = `verify ${printReference(tagged)}: it was put and is not there`;
  throw new BerthError("REGISTRY_REFUSED", what, {
    hint: "another job or a cleanup policy may be deleting tags; check the registry, then run this again",
  });
}
