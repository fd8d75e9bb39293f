/** The command lines for a job's containers: its own, and one for each service. */
import { type Host, labelOf } from "./host.ts";
import { platformOf, type WantedImage } from "./job.ts";

/** An image that is on this machine, to be run as the job says. */
export interface Runnable {
  readonly image: WantedImage;
  /** By digest or id. */
  readonly reference: string;
  /** Of the container. */
  readonly name: string;
  /** What its entrypoint sees, one `NAME=value` a line. */
  readonly envFile: string;
}

/** What all containers of one job share. */
export interface JobPlace {
  readonly host: Host;
  /** What their names and the network's begin with. */
  readonly name: string;
}

/** The name of a job's own container, of its network, or of a service by its number. */
export function nameIn({ name }: JobPlace, what: "job" | "network" | number): string {
  return `${name}-${what}`;
}

/** Where programs are lent to a job, read only, and where its container notes what it is. */
export const lent = "/.berth";
export const notes = "/.berth-job";

/**
 * What the job's container runs while stages come and go: it notes its process and what the image's entrypoint has
 * exported, for the job's script, and waits on its standard input, which nobody ever closes.
 */
const waiting = `echo $$ >${notes}/pid; export -p >${notes}/draft; mv ${notes}/draft ${notes}/env; read -r _`;

/** Starts the job's container; `mounts` are volumes as docker's `--volume` has them, `names` lead to this machine. */
export function jobArguments(
  place: JobPlace,
  job: Runnable,
  mounts: readonly string[],
  names: readonly string[],
): readonly string[] {
  return [
    ...startOf(place, job),
    "--interactive",
    ...(place.host.tool.init ? ["--init"] : []),
    `--tmpfs=${notes}:mode=1777`,
    ...mounts.map((volume) => `--volume=${volume}`),
    ...names.map((name) => `--add-host=${name}:127.0.0.1`),
    ...commandOf(job, ["sh", "-c", waiting]),
  ];
}

/** Starts a service, which the job reaches by its aliases. */
export function serviceArguments(place: JobPlace, service: Runnable): readonly string[] {
  const aliases = place.host.network === "own" ? aliasesOf(service.image) : [];
  return [
    ...startOf(place, service),
    ...aliases.map((alias) => `--network-alias=${alias}`),
    ...commandOf(service, service.image.command ?? []),
  ];
}

export function networkArguments(place: JobPlace): readonly string[] {
  return ["network", "create", `--label=${labelOf(place.host)}`, nameIn(place, "network")];
}

function startOf(place: JobPlace, container: Runnable): readonly string[] {
  const { host } = place;
  const user = container.image.executor_opts?.docker?.user ?? "";
  const platform = platformOf(container.image);
  return [
    ...["run", "--detach", "--pull=never", `--name=${container.name}`],
    // podman waits so long for what does not end at TERM.
    ...[`--label=${labelOf(host)}`, "--stop-timeout=0"],
    `--network=${host.network === "own" ? nameIn(place, "network") : host.network}`,
    `--env-file=${container.envFile}`,
    ...(user === "" ? [] : [`--user=${user}`]),
    ...(platform === undefined ? [] : [`--platform=${platform}`]),
  ];
}

/** An entrypoint of several words is one word and the first of the command's. */
function commandOf({ image, reference }: Runnable, command: readonly string[]) {
  if (image.entrypoint == null) return [reference, ...command];
  const [first = "", ...more] = image.entrypoint;
  return [`--entrypoint=${first}`, reference, ...more, ...command];
}

/** The names by which a job reaches a service: its aliases, and what GitLab makes of its image's name. */
export function aliasesOf({ name, alias }: WantedImage): readonly string[] {
  const given = (alias ?? "").split(/[\s,]+/);
  const path = name
    .replace(/^berth:\/\//, "")
    .replace(/:\d+(?=\/)/, "")
    .replace(/[@:].*$/, "");
  const all = [...given, path.replaceAll("/", "__"), path.replaceAll("/", "-")];
  return [...new Set(all)].filter((word) => /^[\w.-]+$/.test(word));
}

/**
 * Variables as a file for a container: what its image's entrypoint sees, and services. Those of several lines, or longer than
 * docker reads, are left to the script, which sets all of them.
 */
export function envFileText(variables: Readonly<Record<string, string>>): string {
  const fits = ([name, value]: readonly [string, string]) =>
    /^\w+$/.test(name) && !/[\r\n\0]/.test(value) && value.length < 60_000;
  const lines = Object.entries(variables).filter(fits);
  return lines.map(([name, value]) => `${name}=${value}\n`).join("");
}

/** Looks from the job's container, for as long as it takes, whether a service listens (gitlab-runner: commands/helpers/health_check.go). */
export function listenArguments(name: string, alias: string, ports: readonly string[]) {
  const variables = ports.map((port) => `SERVICE_${port}_TCP_PORT=${port}`).join(" ");
  const check = `exec env -i SERVICE_TCP_ADDR=${alias} ${variables} ${lent}/bin/gitlab-runner health-check`;
  return ["exec", "--user=0:0", name, "sh", "-c", check];
}
