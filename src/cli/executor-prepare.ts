/** The stage `prepare` of `berth executor`: brings the images of a job and its services, and starts its containers. */
import { BerthError, exitCodes } from "../errors.ts";
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
  stagesFile,
} from "../executor/host.ts";
import { circleOf, type Job, jobVariables, parseJob } from "../executor/job.ts";
import { lendPrograms } from "../executor/programs.ts";
import { stagesScript } from "../executor/stages.ts";
import { makeLog } from "../host/log.ts";
import type { World } from "../world.ts";
import { bringImages } from "./executor-image.ts";

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
