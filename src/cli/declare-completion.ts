/** The flags of `berth completion`. */
import { Argument, type Command } from "commander";
import type { ExitCode } from "../errors.ts";
import type { Wanted } from "./completion.ts";

export function addCompletion(program: Command, end: (code: ExitCode) => void): void {
  program
    .command("completion")
    .description("print the script with which a shell completes berth's commands, flags and images")
    .addArgument(
      new Argument("<shell>", "a shell; `images` prints what such a script asks for").choices([
        "bash",
        "zsh",
        "fish",
        "images",
      ]),
    )
    .addHelpText(
      "after",
      `
Examples:
  source <(berth completion bash)
  berth completion zsh > ~/.zfunc/_berth
  berth completion fish > ~/.config/fish/completions/berth.fish
`,
    )
    .action(async (shell: Wanted, _options, command: Command) => {
      const { completionCommand } = await import("./completion.ts");
      end(await completionCommand(shell, program, command.optsWithGlobals()));
    });
}
