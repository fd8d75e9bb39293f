/** `berth executor`: a driver for GitLab Runner's custom executor, so that a job can say `image: berth://debian`. */
import { isAbsolute } from "node:path";
import { Argument, type Command } from "commander";
import { BerthError, describeError, type ErrorCode, errorCodes, exitCodes } from "../errors.ts";
import {
  aliasesOf,
  envFileText,
  type JobPlace,
  jobArguments,
  listenArguments,
  nameIn,
  networkArguments,
  type Runnable,
  serviceArguments,
} from "../executor/container.ts";
import {
  clearLeftovers,
  folders,
  type Host,
  nameOf,
  ownerOf,
  runnerLines,
  stagesFile,
} from "../executor/host.ts";
import { circleOf, type Job, jobVariables, parseJob } from "../executor/job.ts";
import { lendPrograms } from "../executor/programs.ts";
import { stagesScript } from "../executor/stages.ts";
import { makeLog } from "../host/log.ts";
import type { ToolName } from "../run/tool.ts";
import type { World } from "../world.ts";
import { bringImages } from "./executor-image.ts";
import {
  collect,
  examples,
  type GlobalOptions,
  printResult,
  programOption,
  usageError,
  type Work,
} from "./verb.ts";

const afterHelp = `
A person calls install: it prints the lines of config.toml, and says what they lack on this host.
GitLab Runner calls prepare, as these lines say; the stages that follow are a script of its.
${examples("berth executor install --build", "berth executor install --with podman --login registry.example.com")}`;

export function declare(command: Command): Work {
  command
    .description(
      "run jobs in images of their own commit: a driver for GitLab Runner's custom executor",
    )
    .addArgument(new Argument("<stage>", "what is to be done").choices(["prepare", "install"]))
    .addOption(programOption())
    .option("--init", "begin a job's container with a small process that clears up after others")
    .option("--folder <path>", "what is kept between jobs", "/var/lib/berth")
    .option("--build", "build images that are nowhere, on this host and for it alone")
    .option("--login <host>", "let jobs use this host's login for a registry (repeatable)", collect)
    .option("--host-network", "run jobs in this host's network instead of one of their own")
    .addHelpText("after", afterHelp);
  return executor;
}

interface HostOptions extends GlobalOptions {
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
    if (options.with === undefined)
      throw usageError(
        "prepare a job: --with is missing",
        "let berth executor install print the runner's lines",
      );
    const tool = { name: options.with, command: options.with, init: options.init === true };
    return await prepare(world, hostOf(options, tool));
  } catch (error) {
    // By it the runner tells a failure of the job from one of the host, which it tries again.
    const code = world.env[`${isJobs(error) ? "BUILD" : "SYSTEM"}_FAILURE_EXIT_CODE`];
    if (code === undefined) throw error;
    world.log.flush();
    process.stderr.write(describeError(error));
    return Number(code);
  }
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
  if ((options.config ?? options.registry) !== undefined)
    throw usageError(
      "run jobs by --config or --registry: both are those of each job's commit",
      "leave them out",
    );
  return { tool, folder, build, logins, network: hostNetwork ? "host" : "own" };
}

/** Prints the lines of config.toml, and says what jobs would not get on this host. */
async function install(world: World, options: HostOptions): Promise<number> {
  const { run, files } = world;
  const { detect, usable } = await import("./pull.ts");
  const { name, init } = usable(await detect(world, options.with));
  const host = hostOf(options, { name, command: name, init });
  const lines = runnerLines(host);
  const tell = () => printResult(world, options, { lines }, lines);
  if (options.json !== true) tell();
  const note = `${host.folder}/.berth`;
  await files.write(note, "");
  await files.remove(note);
  const programs = ["gitlab-runner", "git", "flock", "setsid", "berth"];
  const answers = programs.map(async (program) =>
    (await run("sh", ["-c", `command -v ${program}`])).exitCode === 0 ? [] : [program],
  );
  const missing = (await Promise.all(answers)).flat();
  const what = `look for ${missing.join(", ")} on this host: not on PATH`;
  const hint = "install them where the runner finds them; jobs are lent git and gitlab-runner";
  if (missing.length > 0) throw new BerthError("ENGINE_MISSING", what, { hint });
  if (options.json === true) tell();
  return exitCodes.done;
}

/** Gives 0 where the job's containers run; what keeps them from it is an error. */
export async function prepare(outside: World, host: Host): Promise<number> {
  outside.guard();
  const { env, files, clock } = outside;
  const log = makeLog({ write: toTrace, sections: false, now: clock.now });
  const world = { ...outside, log };
  const job = parseJob((await files.read(env["JOB_RESPONSE_FILE"] ?? ""))?.toString() ?? "");
  const owner = await ownerOf(process.ppid, env["TMPDIR"] ?? "", files);
  const place = { host, name: nameOf(owner) };
  await files.write(`${owner.folder}/${stagesFile}`, stagesScript(place), 0o600);
  const images = [job.image, ...(job.services ?? [])];
  const [references, programs] = await Promise.all([
    inSection(world, () => bringImages(images, { world, host, job })),
    lendPrograms(host.folder, world),
    clearLeftovers(host, owner, world),
  ]);
  const told = variablesOf(job, env);
  const runnables = images.map(async (image, index): Promise<Runnable> => {
    const name = nameIn(place, index === 0 ? "job" : index);
    const envFile = `${owner.folder}/${name}.env`;
    const own = (image.variables ?? []).map(({ key, value }) => [key, value] as const);
    const seen = index === 0 ? told.all : { ...told.open, ...Object.fromEntries(own) };
    await files.write(envFile, envFileText(seen), 0o600);
    return { image, name, envFile, reference: references[index] ?? "" };
  });
  const volumes = [...programs, folders.builds, ...cacheOf(job)];
  await start(place, await Promise.all(runnables), volumes, world);
  return exitCodes.done;
}

function toTrace(text: string): void {
  process.stderr.write(text);
}

/** One collapsed section of the job's log (gitlab docs: ci/jobs/job_logs); what went wrong is said below it. */
async function inSection<T>({ clock, log }: World, work: () => Promise<T>): Promise<T> {
  const marker = (what: string) =>
    `section_${what.replace(":", `:${Math.floor(clock.now().getTime() / 1000)}:`)}\r\u001b[0K`;
  toTrace(`${marker("start:berth_image[collapsed=true]")}Finding the job's image\n`);
  try {
    return await work();
  } finally {
    log.flush();
    toTrace(`${marker("end:berth_image")}\n`);
  }
}

/** A job's variables, and of these what its services may see too: what nobody keeps secret. */
function variablesOf({ variables }: Job, env: World["env"]) {
  const all = jobVariables(env);
  const kept = new Set(variables.filter((one) => one.public === false).map(({ key }) => key));
  return { all, open: Object.fromEntries(Object.entries(all).filter(([name]) => !kept.has(name))) };
}

/** What `cache` archives is kept for the jobs of the same project and circle. */
function cacheOf(job: Job): readonly string[] {
  if ((job.cache ?? []).length === 0) return [];
  return [`berth-cache-${job.job_info.project_id}-${circleOf(job)}:${folders.cache}`];
}

async function start(
  place: JobPlace,
  [job, ...services]: readonly Runnable[],
  volumes: readonly string[],
  { run, log }: World,
): Promise<void> {
  const { host } = place;
  const { command } = host.tool;
  const call = async (what: string, args: readonly string[]): Promise<void> => {
    const answer = await run(command, args);
    if (answer.exitCode !== 0) throw startError(what, answer);
  };
  if (job === undefined) throw new TypeError("a job has an image");
  if (host.network === "own") await call("make a network", networkArguments(place));
  const local = host.network === "host" ? services.flatMap(({ image }) => aliasesOf(image)) : [];
  await Promise.all([
    call(`run ${job.image.name}`, jobArguments(place, job, volumes, local)),
    ...services.map((one) => call(`run ${one.image.name}`, serviceArguments(place, one))),
  ]);
  const waits = services.map(async (service) => {
    const format = "--format={{range $port, $_ := .Config.ExposedPorts}}{{$port}} {{end}}";
    const told = await run(command, ["image", "inspect", format, service.reference]);
    const ports = told.stdout.match(/\d+(?=\/tcp)/g) ?? [];
    const check = listenArguments(job.name, aliasesOf(service.image)[0] ?? "", ports);
    if (ports.length === 0 || (await run(command, check, { timeoutMs: 30_000 })).exitCode === 0)
      return;
    const { stdout, stderr } = await run(command, ["logs", "--tail=20", service.name]);
    log.info(
      `${service.image.name} does not listen at its port; its log:\n${stdout}${stderr}`.trimEnd(),
    );
  });
  await Promise.all(waits);
}

/** 126 and 127 are an image's fault, and so is a user that it does not have; all else is the host's. */
function startError(
  what: string,
  { exitCode, stderr }: Awaited<ReturnType<World["run"]>>,
): BerthError {
  const line = stderr.trim().split("\n")[0] ?? "";
  return exitCode === 126 || exitCode === 127 || /unable to find user/.test(line)
    ? new BerthError("CONTAINER_FAILED", `${what}: ${line}`, {
        hint: "a job's image needs a shell (sh), and the user that it is run as",
      })
    : new BerthError("ENGINE_UNAVAILABLE", `${what}: ${line}`, {
        hint: "see the container engine of the runner's host",
      });
}
