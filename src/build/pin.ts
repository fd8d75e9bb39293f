/** The Dockerfile that the engine gets: the needed lines, parents and bases by digest. */
import {
  type BaseUse,
  engineText,
  type MappedText,
  machine,
  type RecipeStage,
} from "../dockerfile/recipe.ts";
import { BerthError, type Problem } from "../errors.ts";
import type { Material } from "../image/identify.ts";
import { isMember } from "../image/platforms.ts";
import type { PlannedImage } from "../plan/plan.ts";
import type { ResolvedBase } from "./annotate.ts";
import type { BaseFacts } from "./bases.ts";
import type { Tools } from "./tools.ts";

export interface Pinned {
  readonly dockerfile: MappedText;
  /** The image that the target's chain of stages starts from, for its annotations. */
  readonly base: ResolvedBase | undefined;
  /** All images from outside the set that it takes something of. */
  readonly bases: readonly ResolvedBase[];
}

/**
 * Replaces every image that the recipe uses by the same one by digest, where its registry tells it.
 *
 * BASE_ONBUILD where a base brings ONBUILD instructions that the configuration did not declare: the
 * context would lack the files that they copy. DOCKERFILE_INVALID where an ARG has the name of a variable
 * that its base sets, which engines treat differently.
 */
export async function pinReferences(
  image: PlannedImage,
  { recipe }: Material,
  parents: ReadonlyMap<string, string>,
  tools: Tools,
): Promise<Pinned> {
  const facts = new Map<string, BaseFacts>();
  const nameOf = ({ parent, reference }: BaseUse): string =>
    parent === undefined ? reference : (parents.get(parent) ?? reference);
  const platformOf = ({ platform = image.platform }: BaseUse): string =>
    platform === machine ? tools.machine.platform : platform;
  const idOf = (use: BaseUse) => `${platformOf(use)} ${nameOf(use)}`;
  const factsOf = (use: BaseUse) => facts.get(idOf(use));
  // What a parent sets matters only where an ARG could have the same name.
  const below = recipe.stages
    .filter(({ args }) => args.length > 0)
    .flatMap(({ root }) => root ?? []);
  const external = recipe.uses.filter((use) => use.parent === undefined);
  const asked = new Map([...external, ...below].map((use) => [idOf(use), use]));
  await Promise.all(
    [...asked].map(async ([id, use]) =>
      facts.set(id, await tools.base(nameOf(use), platformOf(use))),
    ),
  );
  refuseHidden(image, recipe.stages, factsOf);
  for (const use of external.filter(({ kind }) => kind === "from"))
    refuseOnbuild(image, use, factsOf(use));
  const known = new Set(external.flatMap((use) => factsOf(use) ?? []));
  for (const fact of known) warnUnknown(image, fact, tools);
  // A base that moves for one platform is another base for the member of that one alone.
  const digestOf = ({ digest, child }: BaseFacts) => (isMember(image.name) ? child : digest);
  return {
    dockerfile: engineText(recipe, (use) =>
      use.parent === undefined ? factsOf(use)?.pinned : parents.get(use.parent),
    ),
    base: baseOf(recipe.base, factsOf, parents),
    bases: [...known].map((one) => ({ name: one.name, digest: digestOf(one) })),
  };
}

function refuseHidden(
  { name, dockerfile: file }: PlannedImage,
  stages: readonly RecipeStage[],
  factsOf: (use: BaseUse) => BaseFacts | undefined,
): void {
  const problems = stages.flatMap(({ root, args }): Problem[] => {
    const env = root === undefined ? [] : (factsOf(root)?.env ?? []);
    return args
      .filter((arg) => env.includes(arg.name))
      .map((arg) => ({
        file,
        line: arg.line,
        column: 1,
        message: `ARG ${arg.name} stands where the base ${root?.reference} sets ${arg.name}: in BuildKit the ARG wins, in buildah the base; use another name`,
      }));
  });
  if (problems.length === 0) return;
  throw new BerthError("DOCKERFILE_INVALID", `build ${name}: its base and its ARGs set the same`, {
    problems,
  });
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
  const text = `${image.name}: base ${facts.name} is used as written, its digest is not recorded (${facts.unknown})`;
  // Warnings wait for the end, and an engine may try for minutes what is told here.
  tools.log.info(text);
  tools.log.warn(text);
}

function baseOf(
  base: BaseUse | undefined,
  factsOf: (use: BaseUse) => BaseFacts | undefined,
  parents: ReadonlyMap<string, string>,
): ResolvedBase | undefined {
  if (base === undefined) return undefined;
  const pinned = base.parent === undefined ? undefined : parents.get(base.parent);
  const digest = base.parent === undefined ? factsOf(base)?.digest : pinned?.split("@")[1];
  return { name: base.reference, digest };
}
