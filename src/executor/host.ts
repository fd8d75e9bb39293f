/** A runner's host: what it allows jobs, and what is left there of jobs that are over. */
import { BerthError } from "../errors.ts";
import { readObject } from "../json.ts";
import type { Tool } from "../run/tool.ts";
import type { Env, Files, Run, World } from "../world.ts";
import type { Job } from "./job.ts";

/** Found once for each job by the stage `config`, and handed on to the later ones. */
export interface Host {
  readonly tool: Tool;
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

/** The runner hands it on; jobs cannot set it, since all of theirs begins with `CUSTOM_ENV_`. */
export const hostVariable = "EXECUTOR_HOST";

/** What `config` has handed on. */
export function hostOf(env: Env): Host {
  const host = readObject(env[hostVariable] ?? "");
  if (host !== undefined) return host as unknown as Host;
  throw new BerthError("USAGE", "read what the stage config hands on: nothing is there", {
    hint: "this is called by GitLab Runner; berth executor install prints the lines of its config.toml",
  });
}

/** A job as labels name it: the runner's process, and the folder that the runner keeps for the job. */
export interface Owner {
  readonly pid: number;
  /** When the process began, as the kernel counts, so that another process of that number is not taken for it. */
  readonly since: string;
  readonly folder: string;
}

const label = "berth.executor";
const ownerLabel = "berth.owner";

export function labelsOf({ folder }: Host, owner: Owner): readonly string[] {
  return [`--label=${label}=${folder}`, `--label=${ownerLabel}=${JSON.stringify(owner)}`];
}

/** Where a job has its files, as with the docker executor. */
export const folders = { builds: "/builds", cache: "/cache" } as const;

/** The lines of config.toml that let a runner's jobs run on this host. */
export function runnerLines({ tool, folder, build, logins, network }: Host): string {
  const flags = [
    `--with=${tool.command}`,
    `--folder=${folder}`,
    ...(build ? ["--build"] : []),
    ...logins.map((name) => `--login=${name}`),
    ...(network === "host" ? ["--host-network"] : []),
  ];
  const stages = ["config", "prepare", "run", "cleanup"].map((stage) => {
    const args = ["executor", stage, ...(stage === "config" ? flags : [])];
    return `  ${stage}_exec = "berth"\n  ${stage}_args = ${JSON.stringify(args)}\n`;
  });
  return `executor = "custom"
builds_dir = "${folders.builds}"
cache_dir = "${folders.cache}"
[runners.custom]
${stages.join("")}  prepare_exec_timeout = 7200
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

/** Whether a job is over: its runner has gone, or has cleared up after it. */
async function isOver({ pid, since, folder }: Owner, files: Reads): Promise<boolean> {
  const isSame = (await statOf(pid, files))?.since === since;
  return !isSame || (await files.entry(folder)) === undefined;
}

/** What an engine keeps of a job: how such things are listed and removed, and where their labels stand. */
interface Kept {
  readonly kind: "container" | "network";
  readonly list: readonly string[];
  readonly remove: readonly string[];
  readonly labels: string;
}

/** A network goes when no container is in it any more. */
const kept: readonly Kept[] = [
  {
    kind: "container",
    list: ["--all"],
    remove: ["rm", "--force", "--volumes"],
    labels: ".Config.Labels",
  },
  { kind: "network", list: [], remove: ["rm"], labels: ".Labels" },
];

/** Removes the containers and networks of jobs that are over, and of the one that is about to be. */
export async function clearLeftovers(
  { tool, folder }: Host,
  { run, files }: { readonly run: Run; readonly files: Reads },
  ending?: Owner,
): Promise<void> {
  const ask = async (...args: readonly string[]) =>
    (await run(tool.command, args)).stdout.split("\n").filter((line) => line !== "");
  const isDue = async (owner: Owner): Promise<boolean> =>
    owner.folder === ending?.folder || (await isOver(owner, files));
  for (const { kind, list, remove, labels } of kept) {
    const ids = await ask(kind, "ls", ...list, "--quiet", `--filter=label=${label}=${folder}`);
    const format = `--format={{.Name}} {{index ${labels} "${ownerLabel}"}}`;
    const told = ids.length === 0 ? [] : await ask(kind, "inspect", format, ...ids);
    const due: string[] = [];
    for (const line of told) {
      const [, name = "", text = ""] = /^\/?(\S+) (\{.*\})$/.exec(line) ?? [];
      const owner = readObject(text) as unknown as Owner | undefined;
      if (owner !== undefined && (await isDue(owner))) due.push(name);
    }
    // podman waits for a container that does not end at TERM.
    const flags = kind === "container" && tool.name === "podman" ? ["--time=0"] : [];
    if (due.length > 0) await ask(kind, ...remove, ...flags, ...due);
  }
}
