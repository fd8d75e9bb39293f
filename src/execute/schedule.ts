/** The order of work: parents before children, independent images side by side. */
import pLimit from "p-limit";
import { type Ended, type Outcome, outcomeBase } from "../output/outcome.ts";
import { isBuilt, needsOf, type PlannedImage } from "../plan/plan.ts";

/** The outcomes of an image's parents, by name. */
export type ParentOutcomes = ReadonlyMap<string, Outcome>;

/**
 * Runs `work` for every image as soon as its parents have ended, `parallel` at a time.
 *
 * An image whose parent did not come to be is skipped; all others run to their end, so one failure
 * costs only what depends on it. Outcomes come back in the order of the images.
 */
export async function runParentsFirst(
  images: readonly PlannedImage[],
  parallel: number,
  work: (image: PlannedImage, parents: ParentOutcomes) => Promise<Ended>,
): Promise<readonly Ended[]> {
  const limit = pLimit(parallel);
  const names = new Set(images.map(({ name }) => name));
  const started = new Map<string, Promise<Ended>>();
  const byName = new Map(images.map((image) => [image.name, image]));
  const start = (image: PlannedImage): Promise<Ended> => {
    const known = started.get(image.name);
    if (known !== undefined) return known;
    const parents = needsOf(image).filter((parent) => names.has(parent));
    const outcome = runAfter(
      image,
      parents.map((parent) => start(byName.get(parent) as PlannedImage)),
      (done) => {
        const waits = isBuilt(image.decision);
        return waits ? limit(() => work(image, done)) : work(image, done);
      },
    );
    started.set(image.name, outcome);
    return outcome;
  };
  return Promise.all(images.map(start));
}

async function runAfter(
  image: PlannedImage,
  parents: readonly Promise<Ended>[],
  work: (parents: ParentOutcomes) => Promise<Ended>,
): Promise<Ended> {
  const done = (await Promise.all(parents)).map(({ outcome }) => outcome);
  const lost = done.find(({ digest }) => digest === null);
  // Only a build needs its parents; an image that exists is as good as ever.
  if (lost !== undefined && isBuilt(image.decision)) return skipped(image, lost.name);
  return work(new Map(done.map((outcome) => [outcome.name, outcome])));
}

function skipped(image: PlannedImage, parent: string): Ended {
  const error = {
    code: "BUILD_FAILED",
    message: `not built: ${parent}, which it is built from, failed`,
    hint: null,
  } as const;
  return { outcome: { ...outcomeBase(image), result: "skipped", error }, manifest: undefined };
}
