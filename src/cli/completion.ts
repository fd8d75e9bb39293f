/** `berth completion`: a script for a shell, and the names that such a script asks for. */
import { Argument, type Command } from "commander";
import { type ExitCode, exitCodes } from "../errors.ts";
import type { World } from "../host/world.ts";
import { bashCompletion } from "./completion-bash.ts";
import { fishCompletion } from "./completion-fish.ts";
import { shapeOf } from "./completion-shape.ts";
import { zshCompletion } from "./completion-zsh.ts";
import { openProject } from "./project.ts";
import { doing, examples, type GlobalOptions } from "./verb.ts";

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** What the command takes. */
type Wanted = keyof typeof shells | "images";

export function declareCompletion(program: Command): void {
  program
    .command("completion")
    .description("print the script with which a shell completes berth's commands, flags and images")
    .addArgument(
      new Argument("<shell>", "a shell; `images` prints what such a script asks for").choices([
        "bash",
        "zsh",
        "fish",
        "images",
      ]),
    )
    .addHelpText(
      "after",
      examples(
        "source <(berth completion bash)",
        "berth completion zsh > ~/.zfunc/_berth",
        "berth completion fish > ~/.config/fish/completions/berth.fish",
      ),
    )
    .action(
      doing((world, options: GlobalOptions, wanted: Wanted) =>
        printCompletion(world, options, wanted, program),
      ),
    );
}

async function printCompletion(
  world: World,
  options: GlobalOptions,
  wanted: Wanted,
  program: Command,
): Promise<ExitCode> {
  if (wanted !== "images") {
    world.print(shells[wanted](shapeOf(program)));
    return exitCodes.done;
  }
  const { images } = await openProject(world, options);
  world.print(images.map(({ name }) => `${name}\n`).join(""));
  return exitCodes.done;
}
