/** The flags of `berth prune`. */
import type { Command } from "commander";
import type { ExitCode } from "../errors.ts";

export function addPrune(program: Command, end: (code: ExitCode) => void): void {
  program
    .command("prune")
    .description("list the tags that nothing needs any more and why, or delete them")
    .option("--apply", "delete what the list says, after another look at each")
    .option("--each", "one line for each tag instead of one for each reason")
    .option("--no-bytes", "do not read manifests to tell the bytes; never done with --apply")
    .option("--parallel <number>", "deletions at once", "8")
    .addHelpText(
      "after",
      `
Examples:
  berth prune
  berth prune --each --no-bytes
  berth prune --apply
  berth prune --json
`,
    )
    .action(async (_options, command: Command) => {
      const { pruneCommand } = await import("./prune.ts");
      end(await pruneCommand(command.optsWithGlobals()));
    });
}
