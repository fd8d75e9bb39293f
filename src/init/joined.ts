/** Builds that differ in their platform alone, as one image. */
import type { BuildJob } from "./builders.ts";
import { withoutPlatform } from "./platforms.ts";

/**
 * Builds of the same from one file, each for a platform of its own, as one image for all of them: its names and args
 * are without what says the platform.
 */
export function joined(built: readonly BuildJob[]): readonly BuildJob[] {
  const groups = Map.groupBy(built, (one) =>
    JSON.stringify([
      one.dockerfile,
      one.context,
      one.target,
      neutral(one.repository, one),
      argsOf(one),
    ]),
  );
  return [...groups.values()].flatMap((group) => {
    const platforms = [...new Set(group.flatMap((one) => one.platforms))].sort();
    if (group.every((one) => one.platforms.length === platforms.length)) return group;
    return group.map((one) => {
      const args = Object.entries(one.args);
      const isTelling = ([, value]: readonly [string, string]) => neutral(value, one) !== value;
      const telling = args.filter(isTelling).map((arg) => `--build-arg ${arg.join("=")}`);
      return {
        ...one,
        platforms,
        repository: neutral(one.repository, one),
        args: Object.fromEntries(args.filter((arg) => !isTelling(arg))),
        dropped: [...one.dropped, ...telling],
      };
    });
  });
}

function argsOf(one: BuildJob): readonly (readonly [string, string | undefined])[] {
  return Object.entries(one.args)
    .map(([name, value]) => [name, neutral(value, one)] as const)
    .toSorted();
}

/** What a build says beside its platform; of several platforms none is meant. */
function neutral(text: string | undefined, { platforms: [first = "", ...others] }: BuildJob) {
  return text === undefined || others.length > 0 ? text : withoutPlatform(text, first);
}
