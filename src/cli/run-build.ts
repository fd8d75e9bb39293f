/** `berth run --build`: an image that is nowhere is built into the own registry, with what it is built from. */
import { type ExitCode, exitCodes } from "../errors.ts";
import type { PlannedImage } from "../plan/plan.ts";
import { ownBase } from "../plan/situation.ts";
import { carryOut } from "./carry-out.ts";
import { exitCodeFor, reportFailures } from "./outcomes.ts";
import { dirtyError, makePlanOf, type SessionOptions } from "./session.ts";
import { inSession } from "./spool.ts";
import { makeTools } from "./tools.ts";

/** Builds as `ensure` would, these images only and without a set; 0 where all came to be. */
export function buildImages(names: readonly string[], options: SessionOptions): Promise<ExitCode> {
  return inSession(options, async (session, spool) => {
    ownBase(session.situation);
    const { plan, identified } = await makePlanOf(session, options, spool);
    if (plan.dirty.length > 0 && options.allowDirty !== true) throw dirtyError("build", plan.dirty);
    const wanted = withParents(names, plan.images);
    const tools = makeTools(session, options, plan, identified.materials, () => undefined);
    const outcomes = await carryOut(wanted, session, tools);
    reportFailures(session, outcomes);
    const absent = outcomes.some(({ digest }) => digest === null);
    const code = exitCodeFor(outcomes);
    return absent && code === exitCodes.done ? exitCodes.failed : code;
  });
}

function withParents(
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
