/** Carries out one decision; the only place that branches on reuse, copy, build or refresh. */
import { BerthError } from "../errors.ts";
import type { Manifest } from "../oci/manifest.ts";
import { printReference, withDigest } from "../oci/reference.ts";
import { type Ended, factsOf, type Outcome, outcomeBase } from "../output/outcome.ts";
import { ownRepository } from "../plan/places.ts";
import { type PlannedImage, sameAs } from "../plan/plan.ts";
import { buildImage } from "./build.ts";
import { builtReference, copyImage } from "./copy.ts";
import { parentReferences } from "./parents.ts";
import type { ParentOutcomes } from "./schedule.ts";
import type { Tools } from "./tools.ts";

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
  const began = tools.clock.now();
  const times = () => ({
    started: began.toISOString(),
    seconds: (tools.clock.now().getTime() - began.getTime()) / 1000,
  });
  try {
    const { manifest, ...end } = await carryOut(image, parents, tools);
    const outcome = { ...outcomeBase(image), ...end, ...factsOf(manifest), ...times() };
    return { outcome, manifest };
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    const { code, message, hint = null } = error;
    const failure = { result: "failed", error: { code, message, hint } } as const;
    return { outcome: { ...outcomeBase(image), ...failure, ...times() }, manifest: undefined };
  }
}

interface End extends Pick<Outcome, "result" | "reference" | "digest"> {
  readonly streamedBytes?: number;
  readonly manifest: Manifest | undefined;
}

async function carryOut(image: PlannedImage, parents: ParentOutcomes, tools: Tools): Promise<End> {
  const { decision } = image;
  switch (decision.kind) {
    case "reuse": {
      const { reference, digest } = decision;
      return { result: "reused", reference, digest, manifest: inHand(image, tools) };
    }
    case "copy":
      return copy(image, decision.from, tools);
    case "build":
    case "refresh": {
      const other = sameAs(decision);
      if (other === undefined) return build(image, parents, tools);
      const made = parents.get(other)?.reference;
      return copy(image, made ?? builtReference(other, tools.task.plan.images), tools);
    }
  }
}

async function copy(image: PlannedImage, from: string, tools: Tools): Promise<End> {
  const target = { registry: tools.registry, now: tools.clock.now(), isNew: tools.isNew };
  const copied = await copyImage(image, from, target, inHand(image, tools));
  const { manifest, streamedBytes } = copied;
  return { result: "copied", streamedBytes, ...endedAt(image, manifest) };
}

async function build(image: PlannedImage, parents: ParentOutcomes, tools: Tools): Promise<End> {
  const { plan } = tools.task;
  const references = await parentReferences(image, parents, plan.images, tools.registry);
  const { manifest, adopted } = await buildImage(image, references, tools);
  return { result: adopted ? "adopted" : "built", ...endedAt(image, manifest) };
}

function inHand({ name }: PlannedImage, { task }: Tools): Manifest | undefined {
  return task.manifests.get(name);
}

function endedAt(image: PlannedImage, manifest: Manifest) {
  const { digest } = manifest.descriptor;
  const reference = printReference(withDigest(ownRepository(image), digest));
  return { reference, digest, manifest };
}
