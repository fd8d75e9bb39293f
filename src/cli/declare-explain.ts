/** The flags of `berth explain`. */
import type { Command } from "commander";
import type { ExitCode } from "../errors.ts";

export function addExplain(program: Command, end: (code: ExitCode) => void): void {
  program
    .command("explain")
    .description("say what makes an image's key another one: lines, args, files, bases, parents")
    .argument("<name>", "an image")
    .option(
      "--against <what>",
      "a git revision, a promoted tag, `upstream`, or an image reference " +
        "(default: the promoted image, or else the commit that the branch began at)",
    )
    .option("--rev <rev>", "explain the image of a git revision instead of the working tree")
    .option(
      "--commits <number>",
      "how many commits to look back for the one that changed the key",
      "50",
    )
    .option("--offline", "ask no registry")
    .addHelpText(
      "after",
      `
Examples:
  berth explain debian
  berth explain debian --against v9.2.0
  berth explain debian --against upstream
  berth explain debian --rev v9.2.0 --against v9.1.0 --offline --json
`,
    )
    .action(async (name: string, _options, command: Command) => {
      const { explainCommand } = await import("./explain.ts");
      end(await explainCommand(name, command.optsWithGlobals()));
    });
}
