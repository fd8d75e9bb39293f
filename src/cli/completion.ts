/** `berth completion`: the script for a shell, and what such a script asks at each TAB. */
import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";
import { realWorld } from "../host/world.ts";
import { openProject } from "./project.ts";
import { examples, type GlobalOptions } from "./verb.ts";

/** Adds `completion` and the hidden `complete`, which offer what is declared by now, and names of images. */
export function declare(program: Command): void {
  let images: readonly string[] = [];
  const tree = tab(program, { completionCommandName: "completion" });
  const general = [...tree.options].filter(([name]) => name !== "version");
  for (const { options, arguments: words } of tree.commands.values()) {
    for (const [name, option] of general) options.set(name, option);
    const place = words.get("name");
    if (place !== undefined)
      place.handler = (offer) => {
        for (const image of images) offer(image, "");
      };
  }
  commandOf(program, "completion")
    .description("print the script with which a shell completes berth's commands, flags and images")
    .addHelpText(
      "after",
      examples(
        "source <(berth completion bash)",
        "berth completion zsh > ~/.zfunc/_berth",
        "berth completion fish > ~/.config/fish/completions/berth.fish",
      ),
    );
  commandOf(program, "complete").hook("preAction", async (_program, { args }) => {
    const isPlace = args.some((word) => tree.commands.get(word)?.arguments.has("name"));
    if (isPlace && args.at(-1)?.startsWith("-") === false) images = await imageNames(program, args);
  });
}

/** The images of this project, also of one with the configuration that the words name. */
async function imageNames(program: Command, words: readonly string[]): Promise<readonly string[]> {
  const world = realWorld();
  const at = words.indexOf("--config");
  const config = at < 0 ? program.opts<GlobalOptions>().config : words[at + 1];
  try {
    const { images } = await openProject(world, config === undefined ? {} : { config });
    return images.map(({ name }) => name);
  } catch {
    // Where there is no project to read there is nothing to offer, and nobody to tell.
    return [];
  } finally {
    await world.close();
  }
}

function commandOf(program: Command, name: string): Command {
  return program.commands.find((command) => command.name() === name) as Command;
}
