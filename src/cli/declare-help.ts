/** `berth help`, for commands and for topics. */
import { Argument, type Command } from "commander";
import { listTopics, topicList } from "./help-list.ts";

/** Adds the command in place of commander's own; to be called last, for it knows the commands that are there. */
export function addHelp(program: Command): void {
  const commands = program.commands.map((command) => command.name());
  const words = new Set([...commands, ...Object.keys(topicList)]);
  program
    .helpCommand(false)
    .command("help")
    .description("explain a command, or one of the topics below")
    .addArgument(new Argument("[topic]", "a command or a topic").choices([...words]))
    .action(async (word: string | undefined) => {
      const { helpCommand } = await import("./help.ts");
      helpCommand(word, program);
    });
  program.addHelpText("after", listTopics());
}
