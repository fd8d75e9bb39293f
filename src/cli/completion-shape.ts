/** The command line as a shell's completion needs it, read from the declared commands. */
import type { Argument, Command, Option } from "commander";

/** What may stand in a place: words from a list, or something that the shell or berth can list. */
export type Kind =
  | { readonly words: readonly string[] }
  | "images"
  | "files"
  | "folders"
  | "revisions"
  /** A program's own words, for which files are as good a guess as any. */
  | "anything"
  /** Nothing that a shell could know. */
  | "nothing";

export interface Flag {
  /** Such as `-e` and `--env`. */
  readonly names: readonly string[];
  readonly description: string;
  /** What it takes; `undefined` for a switch. */
  readonly value: Kind | undefined;
}

export interface Place {
  readonly kind: Kind;
  readonly variadic: boolean;
}

export interface CommandShape {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly Flag[];
  readonly places: readonly Place[];
}

export interface Shape {
  /** Flags before a command. */
  readonly flags: readonly Flag[];
  /** Those of them that may also stand behind any command. */
  readonly general: readonly Flag[];
  readonly commands: readonly CommandShape[];
}

/** Names of values and arguments that tell what they are; `<file>` in `--config <file>`. */
const kinds: Readonly<Record<string, Kind>> = {
  file: "files",
  folder: "folders",
  rev: "revisions",
  what: "revisions",
  name: "images",
};

export function shapeOf(program: Command): Shape {
  const help = program.createHelp();
  const commands = help.visibleCommands(program).map(
    (command): CommandShape => ({
      name: command.name(),
      description: command.description(),
      flags: help.visibleOptions(command).map(flagOf),
      places: command.registeredArguments.map(placeOf),
    }),
  );
  const flags = help.visibleOptions(program).map(flagOf);
  const general = flags.filter(({ names }) => !/^--(?:help|version)$/.test(names.at(-1) ?? ""));
  return { flags, general, commands };
}

function flagOf({ short, long, description, flags, argChoices }: Option): Flag {
  const names = [short, long].filter((name) => name !== undefined);
  const [, placeholder] = /[<[]([a-z]+)/.exec(flags) ?? [];
  const value = placeholder === undefined ? undefined : kindOf(placeholder, argChoices, "flag");
  return { names, description, value };
}

function placeOf(argument: Argument): Place {
  const kind = kindOf(argument.name(), argument.argChoices, "place");
  return { kind, variadic: argument.variadic };
}

function kindOf(
  name: string,
  choices: readonly string[] | undefined,
  where: "flag" | "place",
): Kind {
  if (choices !== undefined) return { words: choices };
  const kind = kinds[name] ?? (where === "place" ? "anything" : "nothing");
  // `--network <name>` names no image.
  return kind === "images" && where === "flag" ? "nothing" : kind;
}
