/** Where images of a plan are by now, whether this run made them or another job did. */
import { BerthError } from "../errors.ts";
import { imageOf, isIndex, isMember, memberName, platformOf, platformsOf } from "../image/image.ts";
import { childFor } from "../oci/manifest.ts";
import {
  parseReference,
  parseRepository,
  printReference,
  withDigest,
  withTag,
} from "../oci/reference.ts";
import { sameAs } from "../plan/decision.ts";
import type { PlannedImage } from "../plan/plan.ts";
import type { Registry } from "../registry/registry.ts";
import type { Outcome } from "./outcome.ts";

/** What tells where an image is. */
export interface Whereabouts {
  readonly planned: readonly PlannedImage[];
  /** How images ended in this run, by name. */
  readonly done: ReadonlyMap<string, Pick<Outcome, "reference">>;
  readonly registry: Pick<Registry, "get" | "head">;
}

/**
 * The reference by digest of an image of the plan: of this run's outcomes first, else as the plan found it,
 * else by the tag that another job has pushed; `undefined` where it is nowhere.
 */
export async function locate(name: string, at: Whereabouts): Promise<string | undefined> {
  const made = at.done.get(name)?.reference ?? undefined;
  const image = at.planned.find((candidate) => candidate.name === name);
  if (made !== undefined) return made;
  if (image === undefined) return isMember(name) ? locateWithin(name, at) : undefined;
  const { decision, repository, tag } = image;
  const other = sameAs(decision);
  if (other !== undefined) return locate(other, at);
  if (decision.kind === "reuse") return decision.reference;
  if (decision.kind === "copy") return decision.from;
  if (repository === null) return undefined;
  const tagged = withTag(parseRepository(repository), tag);
  const descriptor = await at.registry.head(tagged);
  return descriptor && printReference(withDigest(tagged, descriptor.digest));
}

/** Where a member is of which the plan says nothing, since its image is used as it is. */
async function locateWithin(member: string, at: Whereabouts): Promise<string | undefined> {
  const index = await locate(imageOf(member), at);
  if (index === undefined) return undefined;
  const reference = parseReference(index);
  const manifest = await at.registry.get(reference);
  const child = manifest && childFor(manifest, platformOf(member));
  return child && printReference(withDigest(reference, child.digest));
}

/** The same of an image that another one is made from; SET_INCOMPLETE where it is nowhere. */
export async function locateParent(
  image: PlannedImage,
  name: string,
  at: Whereabouts,
): Promise<string> {
  const found = await locate(name, at);
  if (found !== undefined) return found;
  const parent = at.planned.find((candidate) => candidate.name === name);
  const where =
    parent === undefined
      ? "it is not in the plan"
      : `${parent.repository ?? "no registry"}:${parent.tag} is not there`;
  const what = `build ${image.name}: ${name}, which it is built from, is missing: ${where}`;
  const hint = `run \`berth build ${name}\` first, or see why its job failed`;
  throw new BerthError("SET_INCOMPLETE", what, { hint });
}

/**
 * References by digest of all parents of an image, by name.
 *
 * A build that names one of several platforms as a whole wants it for the platform of its machine.
 */
export async function parentReferences(
  image: PlannedImage,
  at: Whereabouts,
  machine?: string,
): Promise<ReadonlyMap<string, string>> {
  const entries = image.parents.map(async (name) => {
    const parent = at.planned.find((candidate) => candidate.name === name);
    const isWhole = machine !== undefined && parent !== undefined && isIndex(parent);
    if (isWhole && !platformsOf(parent).includes(machine)) {
      const what = `build ${image.name}: it takes ${name} for the machine's platform, and ${name} is not built for ${machine}`;
      throw new BerthError("BUILD_FAILED", what, {
        hint: `build on a machine of another platform, or add ${machine} to the platforms of ${name}`,
      });
    }
    const wanted = isWhole ? memberName(name, machine) : name;
    return [name, await locateParent(image, wanted, at)] as const;
  });
  return new Map(await Promise.all(entries));
}
