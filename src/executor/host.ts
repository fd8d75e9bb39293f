/** A runner's host: what it allows jobs, and what is left there of jobs that are over. */
import { basename, dirname, join } from "node:path/posix";
import type { Tool } from "../run/tool.ts";
import type { Files, Run, World } from "../world.ts";
import type { Job } from "./job.ts";

/** As the runner's config.toml says it. */
export interface Host {
  readonly tool: Pick<Tool, "name" | "command" | "init">;
  /** Absolute: what is kept of projects between jobs, and the programs that jobs are lent. */
  readonly folder: string;
  /** Whether images that are nowhere are built on this host. */
  readonly build: boolean;
  /** Registries for which jobs may use the host's own logins. */
  readonly logins: readonly string[];
  /** One of each job's own, or the host's. */
  readonly network: "own" | "host";
}

/** A job on a runner's host. */
export interface JobHere {
  /** With the job's variables and its log. */
  readonly world: World;
  readonly host: Host;
  readonly job: Job;
}

/** A job as the names of its containers tell it: the runner's process, and the folder that the runner keeps for the job. */
export interface Owner {
  readonly pid: number;
  /** When the process began, as the kernel counts, so that another process of that number is not taken for it. */
  readonly since: string;
  readonly folder: string;
}

/** What the names of a job's containers and of its network begin with. */
export function nameOf({ pid, since, folder }: Owner): string {
  return `berth-${pid}-${since}-${basename(folder)}`;
}

const label = "berth.executor";

/** Tells a job's containers and its network from what else is on the host. */
export function labelOf({ folder }: Host): string {
  return `${label}=${folder}`;
}

/** Where a job has its files, as with the docker executor. */
export const folders = { builds: "/builds", cache: "/cache" } as const;

/** The script that `prepare` leaves in a job's folder for the stages that follow. */
export const stagesFile = "stages.sh";

/** The lines of config.toml that let a runner's jobs run on this host. */
export function runnerLines({ tool, folder, build, logins, network }: Host): string {
  const flags = [
    `--with=${tool.command}`,
    ...(tool.init ? ["--init"] : []),
    `--folder=${folder}`,
    ...(build ? ["--build"] : []),
    ...logins.map((name) => `--login=${name}`),
    ...(network === "host" ? ["--host-network"] : []),
  ];
  const script = `"$TMPDIR/${stagesFile}"`;
  return `executor = "custom"
builds_dir = "${folders.builds}"
cache_dir = "${folders.cache}"
[runners.custom]
  prepare_exec = "berth"
  prepare_args = ${JSON.stringify(["executor", "prepare", ...flags])}
  prepare_exec_timeout = 7200
  run_exec = "sh"
  run_args = ${JSON.stringify(["-c", `. ${script}`, "run"])}
  cleanup_exec = "sh"
  cleanup_args = ${JSON.stringify(["-c", `[ ! -e ${script} ] || . ${script}`, "cleanup"])}
`;
}

type Reads = Pick<Files, "read" | "entry">;

/**
 * The job that called us: the runner is the nearest process above us that was not given a job, so that a script between
 * it and us does not count.
 */
export async function ownerOf(parent: number, folder: string, files: Reads): Promise<Owner> {
  const environ = await files.read(`/proc/${parent}/environ`).catch(() => undefined);
  const { above = 0, since = "" } = (await statOf(parent, files)) ?? {};
  const isGiven = `\0${environ ?? ""}`.includes("\0JOB_RESPONSE_FILE=");
  return isGiven && above > 0 ? ownerOf(above, folder, files) : { pid: parent, since, folder };
}

async function statOf(pid: number, files: Reads) {
  const stat = (await files.read(`/proc/${pid}/stat`))?.toString() ?? "";
  // The program's name may hold blanks and brackets; what follows the last one is fixed (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const since = fields[19];
  return since === undefined ? undefined : { above: Number(fields[1]), since };
}

/** Whether a job is over: its runner has gone, or it is ours and has cleared up after it. */
async function isOver({ pid, since, folder }: Owner, ours: Owner, files: Reads): Promise<boolean> {
  if ((await statOf(pid, files))?.since !== since) return true;
  // Another runner's folders may be hidden from us.
  return pid === ours.pid && (await files.entry(folder)) === undefined;
}

/** Removes the containers and networks of jobs that are over; `ours` is the one that is about to begin. */
export async function clearLeftovers(
  host: Host,
  ours: Owner,
  { run, files }: { readonly run: Run; readonly files: Reads },
): Promise<void> {
  const { command } = host.tool;
  const due = async (...list: readonly string[]): Promise<readonly string[]> => {
    const { stdout } = await run(command, [...list, `--filter=label=${labelOf(host)}`]);
    const over: string[] = [];
    for (const name of stdout.split("\n")) {
      const [, pid, since = "", folder = ""] = /^berth-(\d+)-(\d+)-(.+)-\w+$/.exec(name) ?? [];
      const owner = { pid: Number(pid), since, folder: join(dirname(ours.folder), folder) };
      if (pid !== undefined && (await isOver(owner, ours, files))) over.push(name);
    }
    return over;
  };
  const [containers, networks] = await Promise.all([
    due("ps", "--all", "--format={{.Names}}"),
    host.network === "own" ? due("network", "ls", "--format={{.Name}}") : [],
  ]);
  if (containers.length > 0) await run(command, ["rm", "--force", "--volumes", ...containers]);
  if (networks.length > 0) await run(command, ["network", "rm", ...networks]);
}
