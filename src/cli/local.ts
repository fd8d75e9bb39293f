/** `berth run --local`: an edit built for this machine alone, so that it can be tried before it is committed. */
import { type Here, nameHere } from "../build/here.ts";
import { printReference } from "../oci/reference.ts";
import type { PlannedImage } from "../plan/plan.ts";
import { type Located, locateKeys, type Search } from "../run/locate.ts";
import type { ToolName } from "../run/tool.ts";
import { carryOutHere, engineHere } from "./carry-out.ts";
import { makePlanOf } from "./make-plan.ts";
import { named } from "./project.ts";
import { type ChoiceOptions, scopeOf } from "./pull.ts";
import { type Session, withSpool } from "./session.ts";

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
  const { world, project } = session;
  const engine = engineHere(session, program);
  const [image] = named((await project.identify([name])).images, [name]);
  if (image === undefined) throw new TypeError(`no image ${name}`);
  const { platform, key } = image;
  const nameOf: Here["nameOf"] = (one) => nameHere(project.git.root, one);
  const here = nameOf(image);
  const located = (reference: string): Located => ({
    name,
    platform,
    reference,
    key,
    source: "here",
    foundBy: "build",
    revision: null,
  });
  if (await engine.here.has(here)) return located(printReference(here));
  const search = await locateKeys([image], scopeOf(session));
  const found = search.located.get(name);
  if (found !== undefined) return found;
  const asked = askable(session, search);
  const ended = await withSpool(world, async (spool) => {
    const { plan, identified } = await makePlanOf(asked, { ...options, output: "" }, spool);
    const task = { plan, materials: identified.materials, manifests: new Map() };
    const place = { nameOf, layers: "any", engine } as const;
    return carryOutHere(withParents([name], plan.images), task, asked, place);
  });
  // Another image of the same recipe may stand for it.
  return located(
    ended.find(({ outcome }) => outcome.name === name)?.outcome.reference ?? printReference(here),
  );
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
