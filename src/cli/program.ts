/** The commands and their flags; each command's code is loaded only when it runs. */
import { Command, Option } from "commander";
import type { ExitCode } from "../errors.ts";
import { addCompletion } from "./declare-completion.ts";
import { addDoctor } from "./declare-doctor.ts";
import { addExplain } from "./declare-explain.ts";
import { addHelp } from "./declare-help.ts";
import { addInit } from "./declare-init.ts";
import { addPrune } from "./declare-prune.ts";
import { addPull } from "./declare-pull.ts";
import { addReport } from "./declare-report.ts";
import { addRun } from "./declare-run.ts";
import { addStorage } from "./declare-storage.ts";

/** Flags that every command knows. */
export interface GlobalOptions {
  readonly config?: string;
  readonly registry?: string;
  readonly json?: boolean;
}

export const version = "0.1.0";

/** Makes the program; `end` is told how a command ended: an `ExitCode`, or what `run` has run ended with. */
export function makeProgram(end: (code: number) => void): Command {
  const program = new Command("berth")
    .description("gives every container image of a GitLab CI pipeline its place in the registry")
    .version(version)
    .addOption(
      new Option(
        "--config <file>",
        "configuration instead of berth.yml at the repository's top; may lie outside of it",
      ).env("BERTH_CONFIG"),
    )
    .option(
      "--registry <base>",
      "registry base of this project, host/path (default: $CI_REGISTRY_IMAGE, then the configuration)",
    )
    .option("--json", "print the result as JSON")
    .showHelpAfterError("(see --help)")
    .exitOverride();
  addKey(program, end);
  addPlan(program, end);
  addBuild(program, end);
  addPublish(program, end);
  addExplain(program, end);
  addRun(program, end);
  addPull(program, end);
  addInit(program, end, version);
  addDoctor(program, end);
  addReport(program, end);
  addPrune(program, end);
  addStorage(program, end);
  addCompletion(program, end);
  addHelp(program);
  for (const command of program.commands) command.copyInheritedSettings(program).exitOverride();
  return program;
}

function addKey(program: Command, end: (code: ExitCode) => void): void {
  program
    .command("key")
    .description("print the content keys of all images, or of those named; offline")
    .argument("[name...]", "images")
    .option("--rev <rev>", "the keys of a git revision, without checking it out")
    .addHelpText(
      "after",
      examples("berth key", "berth key debian --json", "berth key --rev v9.2.0"),
    )
    .action(async (names: string[], _options, command: Command) => {
      const { keyCommand } = await import("./key.ts");
      end(await keyCommand(names, command.optsWithGlobals()));
    });
}

function addPlan(program: Command, end: (code: ExitCode) => void): void {
  program
    .command("plan")
    .description(
      "decide for every image: reuse, copy or build; write .berth/plan.json, berth.env, pipeline.yml",
    )
    .addOption(outputOption())
    .option("--rev <rev>", "plan for a git revision, without checking it out")
    .option("--allow-dirty", "plan and later publish although files differ from the commit")
    .addOption(engineOption())
    .addOption(
      new Option(
        "--job-image <reference>",
        "image of the jobs in pipeline.yml (default: the runner's)",
      ).env("BERTH_IMAGE"),
    )
    .addOption(
      new Option(
        "--job-tags <tags>",
        "runner tags of the jobs in pipeline.yml, separated by commas",
      ).env("BERTH_JOB_TAGS"),
    )
    .addOption(
      new Option(
        "--job-docker <reference>",
        "image of the Docker-in-Docker service of the jobs in pipeline.yml",
      ).env("BERTH_DOCKER_SERVICE"),
    )
    .addHelpText(
      "after",
      examples(
        "berth plan",
        "berth plan --registry registry.example.com/group/project",
        "berth plan --json",
      ),
    )
    .action(async (_options, command: Command) => {
      const { planCommand } = await import("./plan.ts");
      end(await planCommand(command.optsWithGlobals()));
    });
  program
    .command("ensure")
    .description("plan, build what is missing, publish the set; does nothing where all is there")
    .addOption(outputOption())
    .addOption(engineOption())
    .option("--allow-dirty", "build and publish although files differ from the commit")
    .addHelpText(
      "after",
      examples(
        "berth ensure",
        "berth ensure --engine docker",
        "berth ensure --registry 127.0.0.1:5000/group/project",
      ),
    )
    .action(async (_options, command: Command) => {
      const { ensureCommand } = await import("./ensure.ts");
      end(await ensureCommand(command.optsWithGlobals()));
    });
}

function addBuild(program: Command, end: (code: ExitCode) => void): void {
  program
    .command("build")
    .description("carry out a plan for some images (a job of the child pipeline)")
    .argument("<name...>", "images")
    .addOption(outputOption())
    .addOption(engineOption())
    .option("--allow-dirty", "build and publish although files differ from the commit")
    .addHelpText(
      "after",
      examples("berth build debian", "berth build debian debian-arm64-cross --engine docker"),
    )
    .action(async (names: string[], _options, command: Command) => {
      const { buildCommand } = await import("./build.ts");
      end(await buildCommand(names, command.optsWithGlobals()));
    });
}

function addPublish(program: Command, end: (code: ExitCode) => void): void {
  program
    .command("publish")
    .description("tag all images of the plan's set and write the set record")
    .addOption(outputOption())
    .addHelpText("after", examples("berth publish"))
    .action(async (_options, command: Command) => {
      const { publishCommand } = await import("./publish.ts");
      end(await publishCommand(command.optsWithGlobals()));
    });
  program
    .command("promote")
    .description("point moving tags such as latest at the plan's set, forward only")
    .addOption(outputOption())
    .option(
      "--tag <tag...>",
      "the tags to move (default: those that the configuration names for this branch)",
    )
    .addHelpText("after", examples("berth promote", "berth promote --tag latest"))
    .action(async (_options, command: Command) => {
      const { promoteCommand } = await import("./promote.ts");
      end(await promoteCommand(command.optsWithGlobals()));
    });
}

function outputOption(): Option {
  return new Option("--output <folder>", "folder of plan.json and the other files").default(
    ".berth",
    ".berth at the repository's top",
  );
}

function engineOption(): Option {
  return new Option("--engine <name>", "the program that builds (default: the configuration's)")
    .choices(["auto", "buildah", "docker"])
    .env("BERTH_ENGINE");
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join("")}`;
}
