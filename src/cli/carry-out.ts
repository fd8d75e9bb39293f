/** Carries out decisions while a person can look on; what `ensure` and `build` have in common. */
import { sectionOf } from "../execute/build.ts";
import { execute } from "../execute/execute.ts";
import { runParentsFirst } from "../execute/schedule.ts";
import type { Tools } from "../execute/tools.ts";
import type { Outcome } from "../output/outcome.ts";
import { isBuilt, type PlannedImage } from "../plan/plan.ts";
import type { Session } from "./session.ts";

export async function carryOut(
  images: readonly PlannedImage[],
  { world, project }: Pick<Session, "world" | "project">,
  tools: Tools,
): Promise<readonly Outcome[]> {
  const { log } = world;
  const builds = images.filter(({ decision }) => isBuilt(decision));
  // From here on a signal ends the builds first, and then the process, so that the terminal is left in order.
  if (builds.length > 0) world.guard();
  log.expect(
    builds.map(({ name, parents }) => ({ name, after: parents, section: sectionOf(name) })),
  );
  try {
    return await runParentsFirst(images, project.config.parallel, async (image, parents) => {
      if (!isBuilt(image.decision)) return execute(image, parents, tools);
      log.began(image.name);
      const outcome = await execute(image, parents, tools);
      log.ended(image.name, wordOf(outcome), outcome.digest === null);
      return outcome;
    });
  } finally {
    log.settle();
  }
}

/** What an engine said before it was ended is of no use to whoever ended it. */
function wordOf({ result, error }: Outcome): string {
  return error?.code === "INTERRUPTED" ? "interrupted" : result;
}
