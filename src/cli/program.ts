/** The program: flags for all commands, and the list of these. */
import { Command, Option } from "commander";

export const version = "0.1.0";

/** A file for each, in the order of the help; it is loaded only where its command or all of them are asked for. */
const commands: Readonly<Record<string, () => Promise<{ declare(program: Command): void }>>> = {
  key: () => import("./key.ts"),
  plan: () => import("./plan.ts"),
  ensure: () => import("./ensure.ts"),
  build: () => import("./build.ts"),
  publish: () => import("./publish.ts"),
  promote: () => import("./promote.ts"),
  explain: () => import("./explain.ts"),
  run: () => import("./run.ts"),
  pull: () => import("./pull.ts"),
  init: () => import("./init.ts"),
  doctor: () => import("./doctor.ts"),
  report: () => import("./report.ts"),
  prune: () => import("./prune.ts"),
};

/** These know all commands that were declared before them. */
const lastCommands = [() => import("./help.ts"), () => import("./completion.ts")];

/** Makes the program with one command, or with all where no command has that name. */
export async function makeProgram(name = ""): Promise<Command> {
  const program = new Command("berth")
    .description("gives every container image of a GitLab CI pipeline its place in the registry")
    .version(version)
    .addOption(
      new Option(
        "--config <file>",
        "configuration instead of berth.yml at the repository's top; may lie outside of it",
      ).env("BERTH_INPUT_CONFIG"),
    )
    .option(
      "--registry <base>",
      "registry base of this project, host/path (default: $CI_REGISTRY_IMAGE, then the configuration)",
    )
    .option("--json", "print the result as JSON")
    .helpCommand(false)
    .showHelpAfterError("(see --help)")
    .exitOverride();
  const load = Object.hasOwn(commands, name)
    ? [commands[name]!]
    : [...Object.values(commands), ...lastCommands];
  for (const { declare } of await Promise.all(load.map((file) => file()))) declare(program);
  return program;
}
