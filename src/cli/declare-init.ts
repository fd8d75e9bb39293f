/** The flags of `berth init`. */
import type { Command } from "commander";
import type { ExitCode } from "../errors.ts";

export function addInit(program: Command, end: (code: ExitCode) => void, version: string): void {
  program
    .command("init")
    .description("look at a project, write its berth.yml and show the include to add")
    .option("--print", "show berth.yml instead of writing it")
    .addHelpText(
      "after",
      `
Examples:
  berth init
  berth init --print
  berth init --json
`,
    )
    .action(async (_options, command: Command) => {
      const { initCommand } = await import("./init.ts");
      end(await initCommand(command.optsWithGlobals(), version));
    });
}
