/** Carries out one decision; the only place that branches on reuse, copy, build or refresh. */
import { BerthError } from "../errors.ts";
import { parseReference, parseRepository, printReference, withDigest } from "../oci/reference.ts";
import { factsOf, type Outcome } from "../output/outcome.ts";
import { type PlannedImage, sameAs } from "../plan/plan.ts";
import { buildImage } from "./build.ts";
import { builtReference, copyImage } from "./copy.ts";
import { parentReferences } from "./parents.ts";
import { outcomeBase, type ParentOutcomes } from "./schedule.ts";
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
): Promise<Outcome> {
  const began = tools.clock.now();
  const started = began.toISOString();
  const seconds = (): number => (tools.clock.now().getTime() - began.getTime()) / 1000;
  try {
    return {
      ...outcomeBase(image),
      ...(await carryOut(image, parents, tools)),
      started,
      seconds: seconds(),
    };
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    const { code, message, hint } = error;
    return {
      ...outcomeBase(image),
      result: "failed",
      started,
      seconds: seconds(),
      error: { code, message, hint: hint ?? null },
    };
  }
}

type End = Pick<Outcome, "result" | "reference" | "digest"> & Partial<Outcome>;

async function carryOut(image: PlannedImage, parents: ParentOutcomes, tools: Tools): Promise<End> {
  const { decision } = image;
  switch (decision.kind) {
    case "reuse": {
      const { reference, digest } = decision;
      return { result: "reused", reference, digest, ...factsOf(tools.inHand?.(image.name)) };
    }
    case "copy":
      return copy(image, decision.from, tools);
    case "build":
    case "refresh": {
      const other = sameAs(decision);
      if (other === undefined) return build(image, parents, tools);
      const made = parents.get(other)?.reference;
      return copy(image, made ?? builtReference(other, tools.planned), tools);
    }
  }
}

async function copy(image: PlannedImage, from: string, tools: Tools): Promise<End> {
  const inHand = tools.inHand?.(image.name);
  const target = { registry: tools.registry, now: tools.clock.now(), isNew: tools.isNew };
  const { manifest, streamedBytes } = await copyImage(image, from, target, inHand);
  tools.keep(image.name, manifest);
  const { digest } = manifest.descriptor;
  const to = parseRepository(image.repository ?? "");
  const reference = printReference(withDigest(to, digest));
  return { result: "copied", reference, digest, streamedBytes, ...factsOf(manifest) };
}

async function build(image: PlannedImage, parents: ParentOutcomes, tools: Tools): Promise<End> {
  const references = await parentReferences(image, parents, tools.planned, tools.registry);
  const { manifest, adopted } = await buildImage(image, references, tools);
  tools.keep(image.name, manifest);
  const { digest } = manifest.descriptor;
  const reference = printReference(withDigest(parseRepository(image.repository ?? ""), digest));
  const facts = factsOf(manifest);
  if (adopted) return { result: "adopted", reference, digest, ...facts };
  const parentDigests = [...references].map(([name, used]) => [name, parseReference(used).digest]);
  return {
    result: "built",
    reference,
    digest,
    parents: Object.fromEntries(parentDigests),
    ...facts,
  };
}
