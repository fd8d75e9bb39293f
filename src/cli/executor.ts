/** `berth executor`: a driver for GitLab Runner's custom executor, so that a job can say `image: berth://debian`. */
import { isAbsolute } from "node:path";
import type { Command } from "commander";
import { BerthError, describeError, type ErrorCode, errorCodes, exitCodes } from "../errors.ts";
import { type Host, runnerLines } from "../executor/host.ts";
import type { ToolName } from "../run/tool.ts";
import type { World } from "../world.ts";
import { collect, type Doing, examples, programOption, usageError } from "./verb.ts";

const afterHelp = `
A person calls install: it prints the lines of config.toml, and says what they lack on this host.
GitLab Runner calls prepare, as these lines say; the stages that follow are a script of its.
${examples("berth executor install --build", "berth executor install --with podman --login registry.example.com")}`;

export function declare(program: Command, doing: Doing): void {
  program
    .command("executor")
    .description(
      "run jobs in images of their own commit: a driver for GitLab Runner's custom executor",
    )
    .argument("<stage>", "prepare, or install")
    .addOption(programOption())
    .option("--init", "begin a job's container with a small process that clears up after others")
    .option("--folder <path>", "what is kept between jobs", "/var/lib/berth")
    .option("--build", "build images that are nowhere, on this host and for it alone")
    .option("--login <host>", "let jobs use this host's login for a registry (repeatable)", collect)
    .option("--host-network", "run jobs in this host's network instead of one of their own")
    .addHelpText("after", afterHelp)
    .action(doing(executor));
}

interface HostOptions {
  readonly with?: ToolName;
  readonly init?: boolean;
  readonly folder: string;
  readonly build?: boolean;
  readonly login?: readonly string[];
  readonly hostNetwork?: boolean;
}

async function executor(world: World, options: HostOptions, stage: string): Promise<number> {
  if (stage === "install") return install(world, options);
  try {
    if (stage !== "prepare")
      throw usageError(`run the stage ${stage}: there is none`, "give one that --help lists");
    if (options.with === undefined)
      throw usageError(
        "prepare a job: --with is missing",
        "let berth executor install print the runner's lines",
      );
    const tool = { name: options.with, command: options.with, init: options.init === true };
    return await (await import("./executor-prepare.ts")).prepare(world, hostOf(options, tool));
  } catch (error) {
    world.log.flush();
    process.stderr.write(describeError(error));
    return failure(world, isJobs(error) ? "BUILD" : "SYSTEM");
  }
}

/** By this exit code the runner tells a failure of the job from one of the host, which it tries again. */
function failure({ env }: World, whose: "BUILD" | "SYSTEM"): number {
  return Number(env[`${whose}_FAILURE_EXIT_CODE`] ?? exitCodes.failed);
}

/** What a person at a project can do nothing about, beside the weather. */
const ofHost: readonly ErrorCode[] = [
  "DISK_FULL",
  "ENGINE_MISSING",
  "FILE_REFUSED",
  "GIT_FAILED",
  "USAGE",
];

function isJobs(error: unknown): boolean {
  if (!(error instanceof BerthError) || ofHost.includes(error.code)) return false;
  return errorCodes[error.code] !== exitCodes.unavailable;
}

/** What the flags allow. */
function hostOf(options: HostOptions, tool: Host["tool"]): Host {
  const { folder, build = false, login: logins = [], hostNetwork = false } = options;
  if (!isAbsolute(folder))
    throw usageError(`keep things in ${folder}: not absolute`, "give a path");
  return { tool, folder, build, logins, network: hostNetwork ? "host" : "own" };
}

/** Prints the lines of config.toml, and says what jobs would not get on this host. */
async function install(world: World, options: HostOptions): Promise<number> {
  const { run, print, files } = world;
  const { detect, usable } = await import("./pull.ts");
  const { name, init } = usable(await detect(world, options.with));
  const host = hostOf(options, { name, command: name, init });
  print(runnerLines(host));
  const note = `${host.folder}/.berth`;
  await files.write(note, "");
  await files.remove(note);
  const programs = ["gitlab-runner", "git", "flock", "setsid", "berth"];
  const answers = programs.map(async (program) =>
    (await run("sh", ["-c", `command -v ${program}`])).exitCode === 0 ? [] : [program],
  );
  const missing = (await Promise.all(answers)).flat();
  if (missing.length === 0) return exitCodes.done;
  throw new BerthError(
    "ENGINE_MISSING",
    `look for ${missing.join(", ")} on this host: not on PATH`,
    {
      hint: "install them where the runner finds them; jobs are lent git and gitlab-runner",
    },
  );
}
