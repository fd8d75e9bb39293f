/** The Dockerfile that the engine gets: parents and bases by digest, chosen stages by name, all else to the letter. */
import { type BaseUse, type ChosenStage, rewriteReferences } from "../dockerfile/recipe.ts";
import { BerthError } from "../errors.ts";
import type { Material } from "../image/identify.ts";
import type { PlannedImage } from "../plan/plan.ts";
import type { ResolvedBase } from "../publish/annotate.ts";
import type { BaseFacts } from "./bases.ts";
import type { Tools } from "./tools.ts";

export interface Pinned {
  readonly dockerfile: string;
  /** The image that the target's chain of stages starts from, for its annotations. */
  readonly base: ResolvedBase | undefined;
  /** All images from outside the set that it takes something of. */
  readonly bases: readonly ResolvedBase[];
}

/**
 * Replaces every image that the recipe uses by the same one by digest, where its registry tells it.
 *
 * BASE_ONBUILD where a base brings ONBUILD instructions that the configuration did not declare: the
 * context would lack the files that they copy.
 */
export async function pinReferences(
  image: PlannedImage,
  material: Material,
  parents: ReadonlyMap<string, string>,
  tools: Tools,
): Promise<Pinned> {
  const { recipe, text } = material;
  const facts = new Map<string, BaseFacts>();
  const external = new Set(
    recipe.uses.filter((use) => use.parent === undefined).map(({ reference }) => reference),
  );
  await Promise.all(
    [...external].map(async (name) => facts.set(name, await tools.base(name, image.platform))),
  );
  const froms = recipe.uses.filter((use) => use.kind === "from");
  for (const use of froms) refuseOnbuild(image, use, facts.get(use.reference));
  for (const fact of facts.values()) warnUnknown(image, fact, tools);
  const replacement = (use: BaseUse | ChosenStage): string | undefined => {
    if ("name" in use) return use.name;
    return use.parent === undefined ? facts.get(use.reference)?.pinned : parents.get(use.parent);
  };
  return {
    dockerfile: rewriteReferences<BaseUse | ChosenStage>(
      text,
      [...recipe.uses, ...recipe.chosen],
      replacement,
    ),
    base: baseOf(recipe.base, facts, parents),
    bases: [...facts.values()].map(({ name, digest }) => ({ name, digest })),
  };
}

function refuseOnbuild(image: PlannedImage, use: BaseUse, facts: BaseFacts | undefined): void {
  const first = facts?.onbuild[0];
  if (first === undefined || image.onbuild) return;
  throw new BerthError(
    "BASE_ONBUILD",
    `build ${image.name}: ${image.dockerfile}:${use.line}: base ${use.reference} has ONBUILD instructions (${first})`,
    {
      hint: `declare \`onbuild: true\` for ${image.name} in berth.yml, so that its key covers the whole context`,
    },
  );
}

function warnUnknown(image: PlannedImage, facts: BaseFacts, tools: Tools): void {
  if (facts.unknown === undefined) return;
  tools.log.warn(
    `${image.name}: base ${facts.name} is used as written, its digest is not recorded (${facts.unknown})`,
  );
}

function baseOf(
  base: BaseUse | undefined,
  facts: ReadonlyMap<string, BaseFacts>,
  parents: ReadonlyMap<string, string>,
): ResolvedBase | undefined {
  if (base === undefined) return undefined;
  const pinned = base.parent === undefined ? undefined : parents.get(base.parent);
  const digest =
    base.parent === undefined ? facts.get(base.reference)?.digest : pinned?.split("@")[1];
  return { name: base.reference, digest };
}
