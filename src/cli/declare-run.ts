/** The flags of `berth run`, and those that it shares with `berth pull`. */
import { type Command, Option } from "commander";

export function addRun(program: Command, end: (code: number) => void): void {
  const command = program
    .command("run")
    .description("run a command, or a shell, on this machine in the image that CI uses")
    .argument("<name>", "an image")
    .argument("[command...]", "after --; a shell where none is given");
  addChoice(command)
    .option("--build", "build the image first where no registry has it, with what it is built from")
    .option("--allow-dirty", "with --build: build and push although files differ from the commit")
    .addOption(
      new Option(
        "--engine <name>",
        "with --build: the program that builds (default: the configuration's)",
      )
        .choices(["auto", "buildah", "docker"])
        .env("BERTH_ENGINE"),
    )
    .addOption(
      new Option("--user <who>", "who the command runs as: you, or the user that the image names")
        .choices(["caller", "image"])
        .default("caller"),
    )
    .option("-e, --env <name[=value]>", "set a variable, or pass one on (repeatable)", collect)
    .option("-v, --volume <from:to[:ro]>", "mount something more (repeatable)", collect)
    .option("--network <name>", "the container's network")
    .option("--print", "print the command line instead of running it")
    .addHelpText(
      "after",
      `
The work tree is mounted at its own path. The exit code is the command's; 125 to 127 may also be
docker's or podman's own, and then a line says so. --json prints what was found and the command
line, and runs nothing.

Examples:
  berth run debian
  berth run debian -- make check
  berth run debian --tag latest -- gcc --version
  berth run debian --pipeline 123456 --user image
  berth run debian --print
`,
    )
    .action(async (name: string, words: string[], _options, self: Command) => {
      const { runCommand } = await import("./run.ts");
      end(await runCommand(name, words, self.optsWithGlobals()));
    });
}

/** Which image is meant, and the program that pulls it. */
export function addChoice(command: Command): Command {
  return command
    .option("--rev <rev>", "the image of a git revision instead of the working tree's")
    .addOption(
      new Option("--tag <tag>", "the image with this tag, such as latest").conflicts("rev"),
    )
    .addOption(
      new Option("--pipeline <id>", "the image that a pipeline ran in").conflicts(["rev", "tag"]),
    )
    .addOption(
      new Option(
        "--with <program>",
        "what runs containers (default: docker where it is installed, else podman)",
      ).choices(["docker", "podman"]),
    );
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
