/** The flags of `berth report`. */
import { type Command, Option } from "commander";
import type { ExitCode } from "../errors.ts";

export function addReport(program: Command, end: (code: ExitCode) => void): void {
  program
    .command("report")
    .description(
      "show the plan and what became of it: write .berth/report.html, summary.md and junit.xml",
    )
    .addOption(
      new Option("--output <folder>", "folder of plan.json and the other files").default(
        ".berth",
        ".berth at the repository's top",
      ),
    )
    .option(
      "--sizes",
      "ask the registry for what no file tells: sizes, and times of earlier builds",
    )
    .option("--storage", "ask the registry what it holds, as `berth storage` does, and draw it")
    .addHelpText(
      "after",
      "\nExamples:\n  berth report\n  berth report --sizes\n  berth report --storage\n",
    )
    .action(async (_options, command: Command) => {
      const { reportCommand } = await import("./report.ts");
      end(await reportCommand(command.optsWithGlobals()));
    });
}
