/** `berth completion`: a script for a shell, and the names that such a script asks for. */
import type { Command } from "commander";
import { type ExitCode, exitCodes } from "../errors.ts";
import { realWorld } from "../host/world.ts";
import { bashCompletion } from "./completion-bash.ts";
import { fishCompletion } from "./completion-fish.ts";
import { shapeOf } from "./completion-shape.ts";
import { zshCompletion } from "./completion-zsh.ts";
import { openProject, type ProjectOptions } from "./project.ts";

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** What the command takes. */
export type Wanted = keyof typeof shells | "images";

export async function completionCommand(
  wanted: Wanted,
  program: Command,
  options: ProjectOptions,
): Promise<ExitCode> {
  const world = realWorld();
  if (wanted !== "images") {
    world.print(shells[wanted](shapeOf(program)));
    return exitCodes.done;
  }
  const { git, images } = await openProject(world, options);
  await git.close();
  world.print(images.map(({ name }) => `${name}\n`).join(""));
  return exitCodes.done;
}
