/** Carries out the decisions of a plan, parents first; the only place that branches on reuse, copy, build or refresh. */
import pLimit, { type LimitFunction } from "p-limit";
import { BerthError } from "../errors.ts";
import { isIndex, parentsFirst } from "../image/image.ts";
import type { Manifest } from "../oci/manifest.ts";
import { printReference, printRepository, withDigest } from "../oci/reference.ts";
import { isBuilt, needsOf, sameAs } from "../plan/decision.ts";
import { ownRepository } from "../plan/places.ts";
import type { PlannedImage } from "../plan/plan.ts";
import { rightsFor } from "../plan/rights.ts";
import { buildImage } from "./build.ts";
import { assemble, copyImage } from "./derive.ts";
import { type Ended, factsOf, type Outcome, outcomeBase } from "./outcome.ts";
import { locateParent, parentReferences } from "./parents.ts";
import type { Tools } from "./tools.ts";

/** The outcomes of an image's parents, by name. */
export type ParentOutcomes = ReadonlyMap<string, Outcome>;

/**
 * Runs `work` for every image as soon as its parents have ended, `parallel` at a time.
 *
 * An image whose parent did not come to be is skipped; all others run to their end, so one failure
 * costs only what depends on it. Outcomes come back in the order of the images.
 */
export async function runParentsFirst(
  images: readonly PlannedImage[],
  parallel: number,
  work: (image: PlannedImage, parents: ParentOutcomes) => Promise<Ended>,
): Promise<readonly Ended[]> {
  const limit = pLimit(parallel);
  const ends = new Map<string, Promise<Ended>>();
  const nodes = images.map((image) => ({ name: image.name, parents: needsOf(image), image }));
  for (const { name, parents, image } of parentsFirst(nodes)) {
    const before = parents.flatMap((parent) => ends.get(parent) ?? []);
    ends.set(name, runAfter(image, before, limit, work));
  }
  return Promise.all(images.flatMap(({ name }) => ends.get(name) ?? []));
}

async function runAfter(
  image: PlannedImage,
  parents: readonly Promise<Ended>[],
  limit: LimitFunction,
  work: (image: PlannedImage, parents: ParentOutcomes) => Promise<Ended>,
): Promise<Ended> {
  const done = (await Promise.all(parents)).map(({ outcome }) => outcome);
  const outcomes = new Map(done.map((outcome) => [outcome.name, outcome]));
  // Only a build needs its parents; an image that exists is as good as ever.
  if (!isBuilt(image.decision)) return work(image, outcomes);
  const lost = done.find(({ reference }) => reference === null);
  return lost === undefined ? limit(() => work(image, outcomes)) : skipped(image, lost.name);
}

function skipped(image: PlannedImage, parent: string): Ended {
  const error = {
    code: "BUILD_FAILED",
    message: `not built: ${parent}, which it is built from, failed`,
    hint: null,
  } as const;
  return { outcome: { ...outcomeBase(image), result: "skipped", error }, manifest: undefined };
}

/**
 * Makes one planned image be there, and tells how it ended; a failure is an outcome, a bug is thrown.
 *
 * Running it again is harmless: what is there already is taken.
 */
export async function execute(
  image: PlannedImage,
  parents: ParentOutcomes,
  tools: Tools,
): Promise<Ended> {
  const began = tools.clock.now().getTime();
  const work = () => ({
    job: tools.situation.job ?? null,
    seconds: (tools.clock.now().getTime() - began) / 1000,
  });
  try {
    const { manifest, ...end } = await carryOut(image, parents, tools);
    const outcome = { ...outcomeBase(image), ...end, ...factsOf(manifest), ...work() };
    return { outcome, manifest };
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    const { code, message, hint = null, output } = error;
    const failure = { result: "failed", error: { code, message, hint, output } } as const;
    return { outcome: { ...outcomeBase(image), ...failure, ...work() }, manifest: undefined };
  }
}

interface End extends Pick<Outcome, "result" | "reference" | "digest"> {
  readonly manifest: Manifest | undefined;
}

async function carryOut(image: PlannedImage, parents: ParentOutcomes, tools: Tools): Promise<End> {
  const { decision } = image;
  switch (decision.kind) {
    case "reuse": {
      const { reference, digest } = decision;
      const manifest = tools.task.manifests.get(image.name);
      return { result: "reused", reference, digest, manifest };
    }
    case "copy":
      return copy(image, decision.from, tools);
    case "build":
    case "refresh": {
      const { registry, machine, task } = tools;
      const at = { planned: task.plan.images, done: parents, registry };
      const other = sameAs(decision);
      if (other !== undefined) return copy(image, await locateParent(image, other, at), tools);
      await refuseInVain(image, tools);
      const { manifest, adopted } = isIndex(image)
        ? await assemble(image, parents, tools)
        : await buildImage(image, await parentReferences(image, at, machine.platform), tools);
      return { result: adopted ? "adopted" : "built", ...endedAt(image, manifest) };
    }
  }
}

/** REGISTRY_DENIED, with the registry's words, for an image that could not be pushed when it is built. */
async function refuseInVain(image: PlannedImage, { registry }: Tools): Promise<void> {
  const repository = ownRepository(image);
  const refusal = await registry.refusal(rightsFor(image.decision, repository), [image.tag]);
  if (refusal === undefined) return;
  const what = `build ${image.name}: it may not be pushed to ${printRepository(repository)}: ${refusal}`;
  throw new BerthError("REGISTRY_DENIED", what, {
    hint: "nothing was built; see who may push to that path and tag (protected container repositories and tags), and the storage limit of the namespace",
  });
}

async function copy(image: PlannedImage, from: string, tools: Tools): Promise<End> {
  return { result: "copied", ...endedAt(image, await copyImage(image, from, tools)) };
}

function endedAt(image: PlannedImage, manifest: Manifest) {
  const { digest } = manifest.descriptor;
  const reference = printReference(withDigest(ownRepository(image), digest));
  return { reference, digest, manifest };
}
