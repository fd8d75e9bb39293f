/** Builds images of a plan for this machine alone: nothing is pushed, so no registry, commit or right is needed. */
import { createHash } from "node:crypto";
import { basename } from "node:path/posix";
import { imageOf, isIndex, memberName } from "../image/image.ts";
import { ownTags } from "../image/key.ts";
import { printReference, printRepository, type Reference, withTag } from "../oci/reference.ts";
import { isFromScratch, sameAs } from "../plan/decision.ts";
import { ownRepository } from "../plan/places.ts";
import type { PlannedImage } from "../plan/plan.ts";
import type { ParentOutcomes } from "./execute.ts";
import { fromScratch, type LayerCache, layerCache } from "./layers.ts";
import { type Ended, outcomeBase } from "./outcome.ts";
import { locateParent, parentReferences } from "./parents.ts";
import { pinReferences } from "./pin.ts";
import { withRequest } from "./request.ts";
import type { Tools } from "./tools.ts";

/** Names of images that are built here, and what may serve their builds. */
export interface Here {
  readonly nameOf: (image: Pick<PlannedImage, "name" | "key">) => Reference;
  /** `any`: layers that this machine or a registry has. `none`: every layer is made anew, and no cache of a RUN is shared. */
  readonly layers: "any" | "none";
}

/**
 * The name of an image that is built here: of its key, and of this work tree, so that another one's images stay.
 *
 * Its host is no registry's, so that nothing looks for it elsewhere.
 */
export function nameHere(
  root: string,
  { name, key }: Pick<PlannedImage, "name" | "key">,
): Reference {
  const folder = basename(root).toLowerCase();
  const words = folder.match(/[a-z0-9]+/g) ?? [];
  const id = createHash("sha256").update(root).digest("hex").slice(0, 8);
  const path = `berth/${[...words, id].join("-")}/${imageOf(name)}`;
  return withTag({ host: "localhost", path }, ownTags.key(key));
}

/** Where an image is that this machine can run: as the plan found it, or built here, unless it was before. */
export async function buildHere(
  image: PlannedImage,
  done: ParentOutcomes,
  tools: Tools,
  here: Here,
): Promise<Ended> {
  const ended = (result: "built" | "reused", reference: string): Ended => ({
    outcome: { ...outcomeBase(image), result, reference },
    manifest: undefined,
  });
  const { decision } = image;
  if (decision.kind === "reuse") return ended("reused", decision.reference);
  if (decision.kind === "copy") return ended("reused", decision.from);
  const { platform } = tools.machine;
  const { registry } = tools;
  const at = { planned: tools.task.plan.images, done, registry };
  const other = sameAs(decision);
  if (other !== undefined) return ended("reused", await locateParent(image, other, at));
  // Here there is no index, and no use for one.
  if (isIndex(image))
    return ended("reused", await locateParent(image, memberName(image.name, platform), at));
  const engine = await tools.engine();
  const name = here.nameOf(image);
  if (!isFromScratch(decision) && (await engine.here.has(name)))
    return ended("reused", printReference(name));
  const parents = await parentReferences(image, at, platform);
  const pinned = await pinReferences(image, parents, tools);
  const layers = await layersFor(image, here, tools);
  const work = { image, parents, pinned, layers, destination: name };
  const title = `build ${image.name} for this machine`;
  await withRequest(work, title, tools, (request) => engine.here.build(request));
  return ended("built", printReference(name));
}

async function layersFor(image: PlannedImage, here: Here, tools: Tools): Promise<LayerCache> {
  if (here.layers === "none")
    return { ...fromScratch(tools.clock.now()), runCaches: printRepository(here.nameOf(image)) };
  const any = { cacheFrom: [], cacheTo: undefined, cacheSince: undefined, noCache: false };
  if (image.repository === null) return any;
  const found = await layerCache(image, ownRepository(image), tools);
  // Layers that were made here serve unless the registry tells of newer ones.
  return found.noCache || found.cacheFrom.length > 0 ? { ...found, cacheTo: undefined } : any;
}
