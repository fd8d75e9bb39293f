/** `berth help` and `berth completion`: what the program says of itself; both know the commands declared before them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import tab from "@bomb.sh/tab/commander";
import { Argument, type Command } from "commander";
import { realWorld } from "../host/world.ts";
import { openProject } from "./project.ts";
import { examples, type GlobalOptions, shipped } from "./verb.ts";

export function declare(program: Command): void {
  declareHelp(program);
  declareCompletion(program);
}

/** Adds the command in place of commander's own: the help of a command, or a page of the documentation. */
function declareHelp(program: Command): void {
  const docs = shipped("docs");
  const files = docs === undefined ? [] : readdirSync(docs);
  const pages = files
    .filter((file) => file.endsWith(".md"))
    .map((file) => file.slice(0, -3))
    .sort();
  // Completion is declared after this one, which it offers.
  const commands = [...program.commands.map((command) => command.name()), "completion"];
  program
    .command("help")
    .description("print the help of a command, or a page of the documentation")
    .addArgument(new Argument("[page]", "a command or a page").choices([...commands, ...pages]))
    .addHelpText("after", examples("berth help run", "berth help trust"))
    .action((word: string | undefined) => {
      const isPage = docs !== undefined && word !== undefined && pages.includes(word);
      if (isPage) process.stdout.write(readFileSync(join(docs, `${word}.md`)));
      else (program.commands.find((one) => one.name() === word) ?? program).outputHelp();
    });
  const list = program.createHelp().boxWrap(pages.join(", "), 76).replace(/^/gm, "  ");
  program.addHelpText("after", `\nPages (berth help PAGE):\n${list}`);
}

/** Adds `completion` and the hidden `complete`, which a shell's script asks at each TAB. */
function declareCompletion(program: Command): void {
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

function commandOf(program: Command, name: string): Command {
  return program.commands.find((command) => command.name() === name) as Command;
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
