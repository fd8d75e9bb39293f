/** The Dockerfile that the engine gets: the needed lines, parents and bases by digest. */
import {
  type BaseUse,
  engineText,
  type MappedText,
  machine,
  type Note,
  type RecipeStage,
} from "../dockerfile/recipe.ts";
import { BerthError, type Problem } from "../errors.ts";
import { isMember } from "../image/image.ts";
import { isForAnother, parsePlatform } from "../oci/platform.ts";
import type { PlannedImage } from "../plan/plan.ts";
import type { ResolvedBase } from "./annotate.ts";
import { type BaseFacts, materialOf, type Tools } from "./tools.ts";

export interface Pinned {
  readonly dockerfile: MappedText;
  /** The image that the target's chain of stages starts from, for its annotations. */
  readonly base: ResolvedBase | undefined;
  /** All images from outside the set that it takes something of. */
  readonly bases: readonly ResolvedBase[];
  /** What buildah reads otherwise, by the file and what its bases set. */
  readonly notes: readonly Note[];
}

/** Instructions that mean something else, or to one engine, by what a base sets. */
const onSettings = ["arg", "cmd", "entrypoint", "expose", "onbuild", "workdir"];

/**
 * Replaces every image that the recipe uses by the same one by digest, where its registry tells it.
 *
 * BASE_ONBUILD where a base brings ONBUILD instructions that the configuration did not declare: the
 * context would lack the files that they copy. DOCKERFILE_INVALID where an ARG has the name of a variable
 * that its base sets, which engines treat differently.
 */
export async function pinReferences(
  image: PlannedImage,
  parents: ReadonlyMap<string, string>,
  tools: Tools,
): Promise<Pinned> {
  const { recipe } = materialOf(tools, image.name);
  const facts = new Map<string, BaseFacts>();
  const nameOf = ({ parent, reference }: BaseUse): string =>
    parent === undefined ? reference : (parents.get(parent) ?? reference);
  const platformOf = ({ platform = image.platform }: BaseUse): string =>
    platform === machine ? tools.machine.platform : platform;
  const idOf = (use: BaseUse) => `${platformOf(use)} ${nameOf(use)}`;
  const factsOf = (use: BaseUse) => facts.get(idOf(use));
  const below = recipe.stages.filter(dependsOnSettings).flatMap(({ root }) => root ?? []);
  const external = recipe.uses.filter((use) => use.parent === undefined);
  const asked = [...external, ...below].map(async (use) =>
    facts.set(idOf(use), await tools.base(nameOf(use), platformOf(use))),
  );
  await Promise.all(asked);
  refuseHidden(image, recipe.stages, factsOf);
  refuseOtherPlatform(image, recipe.base, factsOf, platformOf);
  for (const use of external) {
    refuseOnbuild(image, use, factsOf(use));
    warnOtherPlatform(image, use, factsOf(use), tools);
  }
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
    notes: recipe.notesOn((root) => factsOf(root)?.leaves),
  };
}

function dependsOnSettings({ args, steps }: RecipeStage): boolean {
  return args.length > 0 || steps.some(({ keyword }) => onSettings.includes(keyword));
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

/** A base that is no index, or is asked for by its platform, is one for all members, whatever the image's index calls them. */
function refuseOtherPlatform(
  { name, dockerfile: file, platform }: PlannedImage,
  base: BaseUse | undefined,
  factsOf: (use: BaseUse) => BaseFacts | undefined,
  platformOf: (use: BaseUse) => string,
): void {
  if (base === undefined || !isMember(name)) return;
  const architecture = factsOf(base)?.architecture ?? parsePlatform(platformOf(base)).architecture;
  if (!isForAnother(architecture, platform)) return;
  const { reference, line } = base;
  const message = `the base ${reference} is for ${architecture}: name one that is there for ${platform} too, or take that out of \`platforms\``;
  throw new BerthError("DOCKERFILE_INVALID", `build ${name}: its base is for another platform`, {
    problems: [{ file, line, column: 1, message }],
  });
}

function refuseOnbuild(image: PlannedImage, use: BaseUse, facts: BaseFacts | undefined): void {
  const first = facts?.onbuild[0];
  if (use.kind !== "from" || first === undefined || image.onbuild) return;
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
  const text = `${image.name}: base ${facts.name} is used as written, its digest is not recorded, and nobody looked at its platform and its ONBUILD (${facts.unknown})`;
  // Warnings wait for the end, and an engine may try for minutes what is told here.
  tools.log.info(text);
  tools.log.warn(text);
}

/** Files of any platform may be meant, where nobody asked for the platform by name. */
function warnOtherPlatform(
  { name, dockerfile, platform }: PlannedImage,
  { kind, reference, line, platform: asked }: BaseUse,
  facts: BaseFacts | undefined,
  { log }: Tools,
): void {
  // A base of another platform is all that some images of one platform are for.
  const isMeant = asked !== undefined || (kind === "from" && !isMember(name));
  if (isMeant || !isForAnother(facts?.architecture, platform)) return;
  const what = `${name}: ${dockerfile}:${line}: ${reference} is for ${facts?.architecture}`;
  log.warn(`${what}: programs that are taken of it do not run on ${platform}`);
}

function baseOf(
  base: BaseUse | undefined,
  factsOf: (use: BaseUse) => BaseFacts | undefined,
  parents: ReadonlyMap<string, string>,
): ResolvedBase | undefined {
  if (base === undefined) return undefined;
  const { parent, reference: name } = base;
  const digest = parent === undefined ? factsOf(base)?.digest : parents.get(parent)?.split("@")[1];
  return { name, digest };
}
