/** The flags of `berth pull`. */
import type { Command } from "commander";
import { addChoice } from "./declare-run.ts";

export function addPull(program: Command, end: (code: number) => void): void {
  const command = program
    .command("pull")
    .description("bring the images that CI uses to this machine, by digest")
    .argument("[name...]", "images (default: all)");
  addChoice(command)
    .addHelpText(
      "after",
      `
Examples:
  berth pull
  berth pull debian fedora
  berth pull --tag latest --with podman
`,
    )
    .action(async (names: string[], _options, self: Command) => {
      const { pullCommand } = await import("./pull.ts");
      end(await pullCommand(names, self.optsWithGlobals()));
    });
}
