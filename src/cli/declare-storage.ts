/** The flags of `berth storage`. */
import type { Command } from "commander";
import type { ExitCode } from "../errors.ts";

export function addStorage(program: Command, end: (code: ExitCode) => void): void {
  program
    .command("storage")
    .description("say how many bytes the registry holds for each image, kind of tag and branch")
    .addHelpText("after", "\nExamples:\n  berth storage\n  berth storage --json\n")
    .action(async (_options, command: Command) => {
      const { storageCommand } = await import("./storage.ts");
      end(await storageCommand(command.optsWithGlobals()));
    });
}
