/** The flags of `berth doctor`. */
import { type Command, Option } from "commander";
import type { ExitCode } from "../errors.ts";

export function addDoctor(program: Command, end: (code: ExitCode) => void): void {
  program
    .command("doctor")
    .description(
      "check configuration, variables, logins, GitLab's settings and the engine, and say what to do",
    )
    .addOption(
      new Option("--engine <name>", "the program that builds (default: the configuration's)")
        .choices(["auto", "buildah", "docker"])
        .env("BERTH_ENGINE"),
    )
    .addHelpText(
      "after",
      `
Changes nothing. Exit code 1 where a finding is an error, else 0.

Examples:
  berth doctor
  berth doctor --registry registry.example.com/group/project
  berth doctor --json
`,
    )
    .action(async (_options, command: Command) => {
      const { doctorCommand } = await import("./doctor.ts");
      end(await doctorCommand(command.optsWithGlobals()));
    });
}
