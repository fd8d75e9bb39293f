/** Builds images of a plan for this machine alone: nothing is pushed, so no registry, commit or right is needed. */
import { createHash } from "node:crypto";
import { basename } from "node:path/posix";
import { ownTags } from "../image/key.ts";
import { printReference, type Reference, withTag } from "../oci/reference.ts";
import { isFromScratch, sameAs } from "../plan/decision.ts";
import { ownRepository } from "../plan/places.ts";
import type { PlannedImage } from "../plan/plan.ts";
import { type Ended, outcomeBase } from "./ended.ts";
import type { ParentOutcomes } from "./execute.ts";
import { layerCache } from "./layers.ts";
import { locateParent, parentReferences } from "./parents.ts";
import { pinReferences } from "./pin.ts";
import { withRequest } from "./request.ts";
import { materialOf, type Tools } from "./tools.ts";

/**
 * The name of an image that is built here: of its key, and of this work tree, so that another one's images stay.
 *
 * Its host is no registry's, so that nothing looks for it elsewhere.
 */
export function nameHere(
  root: string,
  { name, key }: Pick<PlannedImage, "name" | "key">,
): Reference {
  const folder = basename(root)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-");
  const words = folder.split("-").filter((word) => word !== "");
  const id = createHash("sha256").update(root).digest("hex").slice(0, 8);
  const path = `berth/${[...words, id].join("-")}/${name}`;
  return withTag({ host: "localhost", path }, ownTags.key(key));
}

/** Where an image is that this machine can run: as the plan found it, or built here, unless it was before. */
export async function buildHere(
  image: PlannedImage,
  parents: ParentOutcomes,
  tools: Tools,
): Promise<Ended> {
  const ended = (result: "built" | "reused", reference: string): Ended => ({
    outcome: { ...outcomeBase(image), result, reference },
    manifest: undefined,
  });
  const { decision } = image;
  if (decision.kind === "reuse") return ended("reused", decision.reference);
  if (decision.kind === "copy") return ended("reused", decision.from);
  const at = { planned: tools.task.plan.images, done: parents, registry: tools.registry };
  const other = sameAs(decision);
  if (other !== undefined) return ended("reused", await locateParent(image, other, at));
  const engine = await tools.engine();
  const name = nameHere(tools.machine.root, image);
  if (!isFromScratch(decision) && (await engine.here.has(name)))
    return ended("reused", printReference(name));
  await build(image, name, await parentReferences(image, at), tools);
  return ended("built", printReference(name));
}

async function build(
  image: PlannedImage,
  destination: Reference,
  parents: ReadonlyMap<string, string>,
  tools: Tools,
): Promise<void> {
  const engine = await tools.engine();
  const material = materialOf(tools, image.name);
  const pinned = await pinReferences(image, material, parents, tools);
  const found =
    image.repository === null ? undefined : await layerCache(image, ownRepository(image), tools);
  const layers = { from: [], since: new Date(0), fromScratch: false, ...found, to: undefined };
  // Layers that were made here serve unless the registry tells of newer ones.
  const cacheSince = layers.from.length > 0 || layers.fromScratch ? layers.since : undefined;
  const work = { image, material, parents, pinned, repository: destination, layers };
  await withRequest(work, `build ${image.name} for this machine`, tools, (request) =>
    engine.here.build({ ...request, destination, cacheSince }),
  );
}
