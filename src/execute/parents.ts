/** Where the parents of an image are, whether this run made them or another job did. */
import { BerthError } from "../errors.ts";
import { parseRepository, printReference, withDigest, withTag } from "../oci/reference.ts";
import { type PlannedImage, sameAs } from "../plan/plan.ts";
import type { Registry } from "../registry/registry.ts";
import type { ParentOutcomes } from "./schedule.ts";

/**
 * References by digest of the parents of an image, by name: of this run's outcomes first, else as the
 * plan found them, else by the tag that another job has pushed.
 */
export async function parentReferences(
  image: PlannedImage,
  done: ParentOutcomes,
  planned: readonly PlannedImage[],
  registry: Registry,
): Promise<ReadonlyMap<string, string>> {
  const entries = image.parents.map(async (name): Promise<[string, string]> => {
    const outcome = done.get(name);
    if (outcome?.reference != null) return [name, outcome.reference];
    const parent = planned.find((candidate) => candidate.name === name);
    const found = parent === undefined ? undefined : await locate(parent, planned, registry);
    if (found !== undefined) return [name, found];
    throw missingParent(image, name, parent);
  });
  return new Map(await Promise.all(entries));
}

async function locate(
  parent: PlannedImage,
  planned: readonly PlannedImage[],
  registry: Registry,
): Promise<string | undefined> {
  const { decision } = parent;
  const other = planned.find(({ name }) => name === sameAs(decision));
  if (other !== undefined) return locate(other, planned, registry);
  if (decision.kind === "reuse") return decision.reference;
  if (decision.kind === "copy") return decision.from;
  if (parent.repository === null) return undefined;
  const repository = parseRepository(parent.repository);
  const descriptor = await registry.head(withTag(repository, parent.tag));
  return descriptor === undefined
    ? undefined
    : printReference(withDigest(repository, descriptor.digest));
}

function missingParent(
  image: PlannedImage,
  name: string,
  parent: PlannedImage | undefined,
): BerthError {
  const where =
    parent === undefined
      ? "it is not in the plan"
      : `${parent.repository ?? "no registry"}:${parent.tag} is not there`;
  return new BerthError(
    "SET_INCOMPLETE",
    `build ${image.name}: its parent ${name} is missing: ${where}`,
    {
      hint: `run \`berth build ${name}\` first, or see why its job failed`,
    },
  );
}
