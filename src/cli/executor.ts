/** `berth executor`: a driver for GitLab Runner's custom executor, so that a job can say `image: berth://debian`. */
import { isAbsolute } from "node:path";
import type { Command } from "commander";
import { BerthError, describeError, type ErrorCode, errorCodes, exitCodes } from "../errors.ts";
import { containerOf, signalArguments, stageArguments } from "../executor/container.ts";
import {
  clearLeftovers,
  folders,
  type Host,
  hostOf,
  hostVariable,
  ownerOf,
  runnerLines,
} from "../executor/host.ts";
import { makeAttach } from "../host/terminal.ts";
import type { ToolName } from "../run/tool.ts";
import type { World } from "../world.ts";
import { collect, type Doing, examples, programOption, usageError } from "./verb.ts";

const afterHelp = `
GitLab Runner calls config, prepare, run and cleanup; what config is given holds for the whole job.
A person calls install: it prints the lines of config.toml, and says what they lack on this host.
${examples("berth executor install --build", "berth executor install --with podman --login registry.example.com")}`;

export function declare(program: Command, doing: Doing): void {
  program
    .command("executor")
    .description(
      "run jobs in images of their own commit: a driver for GitLab Runner's custom executor",
    )
    .argument("<stage>", "config, prepare, run, cleanup, or install")
    .argument("[words...]", "what the runner adds: a script's file and its stage")
    .addOption(programOption())
    .option("--folder <path>", "what is kept between jobs", "/var/lib/berth")
    .option("--build", "build images that are nowhere, on this host and for it alone")
    .option("--login <host>", "let jobs use this host's login for a registry (repeatable)", collect)
    .option("--host-network", "run jobs in this host's network instead of one of their own")
    .addHelpText("after", afterHelp)
    .action(doing(executor));
}

interface HostOptions {
  readonly with?: ToolName;
  readonly folder: string;
  readonly build?: boolean;
  readonly login?: readonly string[];
  readonly hostNetwork?: boolean;
}

async function executor(
  world: World,
  options: HostOptions,
  stage: string,
  words: readonly string[],
): Promise<number> {
  if (stage === "install") return install(world, await hostFor(world, options));
  try {
    switch (stage) {
      case "config":
        return configure(await hostFor(world, options));
      case "prepare":
        return await (await import("./executor-prepare.ts")).prepare(world);
      case "run":
        return await runStage(world, words);
      case "cleanup":
        return await cleanUp(world);
      default:
        throw usageError(`run the stage ${stage}: there is none`, "give one that --help lists");
    }
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

/** What the flags allow, with the program that runs containers on this host now. */
async function hostFor(world: World, options: HostOptions): Promise<Host> {
  const { folder, build = false, login: logins = [], hostNetwork = false } = options;
  if (!isAbsolute(folder))
    throw usageError(`keep things in ${folder}: not absolute`, "give a path");
  const { detect, usable } = await import("./pull.ts");
  const tool = usable(await detect(world, options.with));
  return { tool, folder, build, logins, network: hostNetwork ? "host" : "own" };
}

/** Prints the lines of config.toml, and says what jobs would not get on this host. */
async function install({ run, print, files }: World, host: Host): Promise<number> {
  print(runnerLines(host));
  const note = `${host.folder}/.berth`;
  await files.write(note, "");
  await files.remove(note);
  const programs = ["gitlab-runner", "git", "flock", "berth"];
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

/** Answers in the form of gitlab docs: runner/executors/custom. */
function configure(host: Host): number {
  const answer = {
    driver: { name: "berth" },
    builds_dir: folders.builds,
    cache_dir: folders.cache,
    builds_dir_is_shared: false,
    shell: "bash",
    job_env: { [hostVariable]: JSON.stringify(host) },
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  return exitCodes.done;
}

/** Runs a script of the runner's in the job's container. */
async function runStage(world: World, [script, stage]: readonly string[]): Promise<number> {
  if (script === undefined || stage === undefined)
    throw usageError("run a stage: no script and stage are given", "let GitLab Runner call this");
  const { env, run, files, log } = world;
  const { command } = hostOf(env).tool;
  const name = containerOf(env["TMPDIR"] ?? "");
  const send = async (signal: "TERM" | "KILL"): Promise<void> =>
    void (await run(command, signalArguments(name, signal)));
  const { exitCode } = await makeAttach()(command, stageArguments(name, stage), {
    mode: "streams",
    input: script,
    ask: () => send("TERM"),
    insist: () => send("KILL"),
  });
  if (exitCode === 0) return exitCodes.done;
  const state = await run(command, ["inspect", "--format={{json .State}}", name]);
  if (exitCode === undefined || state.exitCode !== 0) return failure(world, "SYSTEM");
  if (!state.stdout.includes('"Running":true')) {
    const why = state.stdout.includes('"OOMKilled":true') ? "it ran out of memory" : "see its log:";
    const { stdout, stderr } = await run(command, ["logs", "--tail=20", name]);
    log.info(`the job's container has ended before the job: ${why}\n${stdout}${stderr}`.trimEnd());
    log.info('where its image\'s entrypoint does not run what it is given, say entrypoint: [""]');
  }
  // A file that the runner reads the script's own code from.
  await files.write(env["BUILD_EXIT_CODE_FILE"] ?? "", `${exitCode}\n`);
  return failure(world, "BUILD");
}

/** Removes all of the job; nothing was made where `config` failed. */
async function cleanUp(world: World): Promise<number> {
  if (world.env[hostVariable] === undefined) return exitCodes.done;
  const { env, files } = world;
  const job = await ownerOf(process.ppid, env["TMPDIR"] ?? "", files);
  await clearLeftovers(hostOf(env), world, job);
  return exitCodes.done;
}
