/** `berth key`: keys, offline. */
import type { Command } from "commander";
import { printProblem } from "../errors.ts";
import { withoutMembers } from "../image/image.ts";
import type { KeyedImage } from "../image/key.ts";
import type { World } from "../world.ts";
import { named, openProject } from "./project.ts";
import { examples, type GlobalOptions, printResult, type Work } from "./verb.ts";

export function declare(command: Command): Work {
  command
    .description("print the content keys of all images, or of those named; offline")
    .argument("[name...]", "images")
    .option("--rev <rev>", "the keys of a git revision, without checking it out")
    .addHelpText(
      "after",
      examples("berth key", "berth key debian --json", "berth key --rev v9.2.0"),
    );
  return printKeys;
}

interface KeyOptions extends GlobalOptions {
  readonly rev?: string;
}

async function printKeys(
  world: World,
  options: KeyOptions,
  names: readonly string[],
): Promise<void> {
  const project = await openProject(world, options);
  const { images, warnings } = await project.identify(names);
  for (const warning of warnings) world.log.warn(printProblem(warning));
  const keys = named(withoutMembers(images), names).map(({ name, key }) => ({ name, key }));
  printResult(world, options, { images: keys }, table(keys, world.screen.width));
}

/** A key is whole: where it does not fit beside the longest name, all go below their names. */
function table(keys: readonly Pick<KeyedImage, "name" | "key">[], width = Infinity): string {
  const longest = Math.max(0, ...keys.map(({ name }) => name.length));
  const isBeside = keys.every(({ key }) => longest + 2 + key.length <= width);
  return keys
    .map(({ name, key }) =>
      isBeside ? `${name.padEnd(longest)}  ${key}\n` : `${name}\n  ${key}\n`,
    )
    .join("");
}
