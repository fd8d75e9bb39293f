/** `berth help`: the help of a command, or a page of the documentation. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Argument, type Command } from "commander";
import { examples } from "./verb.ts";

/** Beside the bundle, or at the top of a checkout. */
const places = ["docs", "../../docs"].map((place) => join(import.meta.dirname, place));

/** Adds the command in place of commander's own; it knows the commands that are there. */
export function declare(program: Command): void {
  const docs = places.find(existsSync);
  const files = docs === undefined ? [] : readdirSync(docs);
  const pages = files.filter((file) => file.endsWith(".md")).map((file) => file.slice(0, -3));
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
