/** `berth run --local`: an edit built for this machine alone, so that it can be tried before it is committed. */
import { type Here, nameHere } from "../build/here.ts";
import { isIndex, memberName } from "../image/image.ts";
import type { KeyedImage } from "../image/key.ts";
import { printReference } from "../oci/reference.ts";
import type { PlannedImage } from "../plan/plan.ts";
import type { Planned } from "../plan/plan-of.ts";
import { notBuiltFor, onPlatform } from "../run/choose.ts";
import { type Located, locateKeys, type Search } from "../run/locate.ts";
import type { ToolName } from "../run/tool.ts";
import { carryOutHere, engineHere, type HereWith } from "./carry-out.ts";
import { makePlanOf } from "./make-plan.ts";
import { named } from "./project.ts";
import { type ChoiceOptions, scopeOf } from "./pull.ts";
import { type Session, withSpool } from "./session.ts";
import type { BuildOptions } from "./verb.ts";

/**
 * The image of the work tree's key: as it was built here before, as a registry has it, or built now by what runs
 * containers.
 *
 * A registry that cannot be asked is gone on without: what is nowhere then is built here, parents too.
 */
export async function buildLocally(
  name: string,
  program: ToolName,
  options: ChoiceOptions,
  session: Session,
): Promise<Located> {
  const { project } = session;
  const engine = engineHere(session, program);
  const { whole, image } = await keyedHere(name, options.platform, session);
  if (options.platform !== undefined && image.platform !== options.platform)
    throw notBuiltFor(whole, options.platform);
  const nameOf: Here["nameOf"] = (one) => nameHere(project.git.root, one);
  const here = nameOf(image);
  if (await engine.here.has(here)) return builtHere(name, image, printReference(here));
  const search = await locateKeys([whole], scopeOf(session));
  const found = search.located.get(name);
  if (found !== undefined) return onPlatform(found, options.platform, session);
  const asked = askable(session, search);
  const reference = await buildAlone(image.name, asked, options, () => ({
    nameOf,
    layers: "any",
    engine,
  }));
  return builtHere(name, image, reference);
}

/** Builds an image, and what it is built from, for this machine alone, where the plan says so; gives what it is run by. */
export async function buildAlone(
  name: string,
  session: Session,
  options: Omit<BuildOptions, "output">,
  placeOf: (planned: Planned, images: readonly PlannedImage[]) => HereWith,
): Promise<string> {
  return withSpool(session.world, async (spool) => {
    const planned = await makePlanOf(session, { ...options, output: "" }, spool);
    const { plan, situation, identified } = planned;
    const images = withParents([name], plan.images);
    const task = { plan, materials: identified.materials, manifests: new Map() };
    const place = placeOf(planned, images);
    const ended = await carryOutHere(images, task, { ...session, situation }, place);
    // Another image of the same recipe may stand for it.
    return ended.find(({ outcome }) => outcome.name === name)?.outcome.reference ?? "";
  });
}

/** An image that this machine has built. */
export function builtHere(name: string, { platform, key }: KeyedImage, reference: string): Located {
  return { name, platform, reference, key, source: "here", foundBy: "build", revision: null };
}

/**
 * The image, and what is built of it for this machine; of several platforms another may be asked for. IMAGE_ABSENT
 * where it has no such platform.
 */
export async function keyedHere(name: string, asked: string | undefined, session: Session) {
  const { images } = await session.project.identify([name]);
  const [whole] = named(images, [name]);
  if (whole === undefined) throw new TypeError(`no image ${name}`);
  if (!isIndex(whole)) return { whole, image: whole, platform: undefined };
  const platform = asked ?? session.world.platform;
  const image = images.find((one) => one.name === memberName(name, platform));
  if (image === undefined) throw notBuiltFor(whole, platform);
  return { whole, image, platform };
}

/** The session without the registries that did not answer, and without its waiting for them once more. */
function askable(session: Session, { troubles }: Search): Session {
  const [trouble] = troubles;
  if (trouble === undefined) return session;
  session.world.log.warn(`what is nowhere on this machine is built: ${trouble.message}`);
  const situation = { ...session.situation, own: undefined, upstream: undefined };
  return { ...session, situation };
}

/** The images named and all that they are built from. */
export function withParents(
  names: readonly string[],
  images: readonly PlannedImage[],
): readonly PlannedImage[] {
  const wanted = new Set(names);
  // A Set that grows while it is read visits what was added, too.
  for (const name of wanted)
    for (const parent of images.find((image) => image.name === name)?.parents ?? [])
      wanted.add(parent);
  return images.filter(({ name }) => wanted.has(name));
}
