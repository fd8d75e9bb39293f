/** What is wrong with images that the configuration alone cannot tell, and how it is said. */
import type { Tree } from "../context/tree.ts";
import { BerthError, type Problem } from "../errors.ts";
import type { Candidate, Fault, Named } from "./candidates.ts";
import type { Config, ImagePlaces } from "./config.ts";
import { nameMistake, variableOf } from "./names.ts";

export function nameFaults(images: readonly Named[]): readonly Fault[] {
  const groups = Map.groupBy(images, ({ name }) => variableOf(name));
  const clashes = [...groups.values()].flatMap(([first, ...others]) =>
    others.map((other) => ({ ...at(other, "name"), message: clashOf(first!, other) })),
  );
  const mistakes = images.flatMap((image) => {
    const mistake = nameMistake(image.name);
    const message = `image of ${image.dockerfile}: ${mistake}; give it another name`;
    return mistake === undefined ? [] : [{ ...at(image, "name"), message }];
  });
  return [...clashes, ...mistakes];
}

function clashOf(first: Named, other: Named): string {
  if (first.name === other.name) {
    return `image ${other.name}: both ${first.dockerfile} and ${other.dockerfile} have this name; give one another name`;
  }
  return `images ${first.name} and ${other.name}: their CI variables would have the same name; give one another name`;
}

export async function contextFaults(
  images: readonly Named[],
  tree: Tree,
): Promise<readonly Fault[]> {
  const checked = await Promise.all(
    images.map(async (image) => {
      const { context } = image.options;
      if (!context || (await tree.list(context)).length > 0) return [];
      const message = `context ${context} of image ${image.name}: there is no such folder in ${tree.label}`;
      return [{ ...at(image, "context"), message }];
    }),
  );
  return checked.flat();
}

function at({ places, dockerfile }: Candidate, what: keyof ImagePlaces) {
  return { place: places?.[what], dockerfile };
}

export function imagesInvalid(config: Config, tree: Tree, faults: readonly Fault[]): BerthError {
  const problems = faults
    .map(({ place, dockerfile, message }): Problem => {
      const known = place !== undefined && config.file !== undefined;
      const { line, column } = known ? place : { line: 1, column: 1 };
      return { file: known ? config.file : dockerfile, line, column, message };
    })
    .sort((a, b) => a.line - b.line || a.column - b.column);
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return new BerthError("CONFIG_INVALID", `declare the images of ${tree.label}: ${count}`, {
    hint:
      config.file === undefined
        ? "name the images in berth.yml; docs/configuration.md says how"
        : "docs/configuration.md says how images are named and found",
    problems,
  });
}

export function imagesMissing(config: Config, tree: Tree): BerthError {
  return new BerthError("CONFIG_INVALID", `declare the images of ${tree.label}: there is none`, {
    hint:
      config.file === undefined
        ? "add a Dockerfile, or name where they are under `images` in berth.yml"
        : `name the Dockerfiles under \`images\` in ${config.file}, and see that \`exclude\` leaves some`,
  });
}
