/** The program: flags for all commands, the list of these, and how a command line ends; only here errors become words. */
import { Command, CommanderError, Option } from "commander";
import { givenVariables } from "../config/config.ts";
import { defaults } from "../config/defaults.ts";
import { describeError, errorValue, exitCodeOf, exitCodes } from "../errors.ts";
import { closeLog } from "../host/console.ts";
import { recognise } from "../host/files.ts";
import { realWorld } from "../host/world.ts";
import { printable } from "../printable.ts";
import { usageError, type Work } from "./verb.ts";

export const version = "0.1.0";

interface Declaration {
  declare(command: Command): Work;
}

/** A file for each, in the order of the help; it is loaded only where its command or all of them are asked for. */
const commands: Readonly<Record<string, () => Promise<Declaration>>> = {
  key: () => import("./key.ts"),
  plan: () => import("./plan.ts"),
  ensure: () => import("./ensure.ts"),
  build: () => import("./build.ts"),
  publish: () => import("./publish.ts"),
  promote: () => import("./promote.ts"),
  explain: () => import("./explain.ts"),
  run: () => import("./run.ts"),
  pull: () => import("./pull.ts"),
  executor: () => import("./executor.ts"),
  init: () => import("./init.ts"),
  doctor: () => import("./doctor.ts"),
  report: () => import("./report.ts"),
  prune: () => import("./prune.ts"),
};

/** Runs one command line and sets the exit code of the process; never throws. */
export async function main(args: readonly string[]): Promise<void> {
  process.stdout.on("error", endUnwritten);
  // A log that nobody takes is no reason to leave work half done.
  process.stderr.on("error", () => undefined);
  // Loads no command; after `run`, -v is a volume.
  if (/^(?:-v|--version|version)$/.test(args[0] ?? "")) {
    process.stdout.write(`${version}\n`);
    return;
  }
  forgetEmpty(process.env);
  try {
    const program = await makeProgram(args[0]);
    await program.parseAsync(args, { from: "user" }).finally(closeLog);
  } catch (error) {
    process.exitCode = endOf(recognise(error), isForProgram(args));
  }
}

/** Makes the program with one command, or with all, help and completion where no command has that name. */
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
  const isOne = Object.hasOwn(commands, name);
  for (const one of isOne ? [name] : Object.keys(commands)) {
    const { declare } = await commands[one]!();
    const command = program.command(one);
    command.action(doing(declare(command)));
  }
  if (!isOne) (await import("./help.ts")).declare(program);
  return program;
}

/** The work is done in the real world, and its result ends the process. */
const doing =
  (work: Work) =>
  async (...given: unknown[]): Promise<void> => {
    refuseOtherSystems(process.platform);
    const command = given.at(-1) as Command;
    const words = given.slice(0, command.registeredArguments.length) as never[];
    const world = realWorld();
    try {
      const code = await work(world, command.optsWithGlobals() as never, ...words);
      process.exitCode = code ?? exitCodes.done;
    } finally {
      await world.close();
    }
  };

/** Nobody has held keys of other systems, where names, modes and links of files differ, against those of CI. */
function refuseOtherSystems(platform: string): void {
  if (platform === "linux") return;
  throw usageError(
    `run on ${platform}: berth runs on Linux only`,
    "run its container image instead, as `berth help quick-start` shows",
  );
}

/** Whether the result goes to a program; what follows `--` is another program's. */
function isForProgram(args: readonly string[]): boolean {
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  return own.includes("--json");
}

function endOf(error: unknown, isJson: boolean): number {
  // It has been printed already; help and version are thrown too.
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.done;
    const told = error.message.replace(/^error: |^\(outputHelp\)$/, "") || "a command is missing";
    if (isJson) writeError(usageError(told, "see --help"));
    return exitCodes.usage;
  }
  const prefix = process.env[givenVariables.prefix] ?? defaults.prefix;
  process.stderr.write(describeError(error, process.env[`${prefix}_DEBUG`] === "1"));
  if (isJson) writeError(error);
  return exitCodeOf(error);
}

/** For a program. */
function writeError(error: unknown): void {
  process.stdout.write(printable(`${JSON.stringify(errorValue(error), null, 2)}\n`));
}

/** `berth key | head -1` has all that it wanted; a full disk has not. */
function endUnwritten(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") return;
  const told = recognise(Object.assign(error, { path: "standard output" }));
  process.stderr.write(describeError(told));
  process.exit(exitCodeOf(told));
}

/** Forgets inputs that were left empty: they reach a job as empty variables. */
function forgetEmpty(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(env)) {
    if (name.startsWith("BERTH_INPUT_") && env[name] === "") delete env[name];
  }
}
