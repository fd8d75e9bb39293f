/** `berth help [TOPIC]`: the help of a command, or a text about something that several commands share. */
import { Argument, type Command, Help } from "commander";
import { listTopics, type TopicName, topicList } from "./help-list.ts";
import type { Entry } from "./help-tables.ts";
import { topics } from "./help-topics.ts";

/** The widest that a text is set, also on wider terminals. */
const widest = 96;
const termWidth = 22;

/** Adds the command in place of commander's own; to be called last, for it knows the commands that are there. */
export function declareHelp(program: Command): void {
  const commands = program.commands.map((command) => command.name());
  const words = new Set([...commands, ...Object.keys(topicList)]);
  program
    .command("help")
    .description("explain a command, or one of the topics below")
    .addArgument(new Argument("[topic]", "a command or a topic").choices([...words]))
    .action((word: string | undefined) => printHelp(word, program));
  program.addHelpText("after", listTopics());
}

/** Prints the help for a word that is a command, a topic or both; of everything without one. */
function printHelp(word: string | undefined, program: Command): void {
  const command = program.commands.find((one) => one.name() === word);
  const isTopic = isTopicName(word);
  if (command !== undefined) command.outputHelp();
  if (command !== undefined && isTopic) process.stdout.write("\n");
  if (isTopic) process.stdout.write(printTopic(word, process.stdout.columns ?? 80));
  if (word === undefined) program.outputHelp();
}

function isTopicName(word: string | undefined): word is TopicName {
  return word !== undefined && Object.hasOwn(topicList, word);
}

/** A topic as a page of text, wrapped to a terminal's width. */
export function printTopic(name: TopicName, width: number): string {
  const { body, page } = topics[name];
  const columns = Math.max(40, Math.min(width, widest)) - 2;
  const help = new Help();
  help.minWidthToWrap = 10;
  help.prepareContext({ helpWidth: columns });
  const parts = body.map((part) =>
    typeof part === "string"
      ? help.boxWrap(unquoted(part), columns)
      : part.flatMap((entry) => entryLines(entry, help)).join("\n"),
  );
  const text = [topicList[name], ...parts, `More: ${page}`].join("\n\n");
  return `${name.toUpperCase()}\n${text.replace(/^(?=.)/gm, "  ")}\n`;
}

/** Names stand under each other; the meaning is beside the last one, or below it where it is long. */
function entryLines({ names, meaning }: Entry, help: Help): readonly string[] {
  const last = names.at(-1) ?? "";
  const fits = last.length <= termWidth;
  const above = fits ? names.slice(0, -1) : names;
  return [
    ...above.map((name) => `  ${name}`),
    help.formatItem(fits ? last : "", termWidth, unquoted(meaning), help),
  ];
}

/** The back quotes are for the pages; a terminal reads more easily without. */
function unquoted(text: string): string {
  return text.replaceAll("`", "");
}
