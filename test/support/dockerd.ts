/** A Docker daemon of our own: its data, socket and containerd in one folder, the machine's own left alone. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { modernEngines } from "./modern.ts";
import { program } from "./programs.ts";
import { startService, temporaryFolder } from "./services.ts";

export interface Dockerd {
  /** The value for DOCKER_HOST. */
  readonly host: string;
  /** Runs the client against this daemon and gives its standard output. */
  docker(...args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

const execute = promisify(execFile);

export interface DaemonOptions {
  /** The machine's own where they are not given. */
  readonly programs?: { readonly docker: string; readonly dockerd: string };
  readonly flags?: readonly string[];
  /**
   * Where images are stored: the daemon's own store, or containerd, Docker's choice from version 29 on. With
   * `BERTH_TEST_STORE=containerd` all daemons do so, and those of the machine's own programs are Debian 13's.
   */
  readonly store?: "own" | "containerd";
}

/**
 * Starts dockerd without a network of its own (builds use the host's), and with the kernel's calls unfiltered,
 * which is what machines without a seccomp profile allow. Registries on loopback need no TLS.
 */
export async function startDockerd(
  insecureHosts: readonly string[] = [],
  { programs, flags: more = [], store = wantedStore }: DaemonOptions = {},
): Promise<Dockerd> {
  const { docker: client, dockerd } = programs ?? (await ownPrograms(store));
  const folder = await temporaryFolder("berth-dockerd-");
  const at = (name: string): string => join(folder.path, name);
  const host = `unix://${at("s")}`;
  await writeFile(at("seccomp.json"), '{"defaultAction":"SCMP_ACT_ALLOW"}');
  const features = { "containerd-snapshotter": store === "containerd" };
  await writeFile(at("daemon.json"), JSON.stringify({ features }));
  const docker = async (...args: readonly string[]): Promise<string> =>
    (await execute(client, ["--config", at("client"), "--host", host, ...args])).stdout;
  const flags = [
    `--host=${host}`,
    `--data-root=${at("data")}`,
    `--exec-root=${at("exec")}`,
    `--pidfile=${at("pid")}`,
    `--config-file=${at("daemon.json")}`,
    "--iptables=false",
    "--ip6tables=false",
    "--bridge=none",
    `--seccomp-profile=${at("seccomp.json")}`,
    ...more,
    ...insecureHosts.map((insecure) => `--insecure-registry=${insecure}`),
  ];
  const isUp = () =>
    docker("version").then(
      () => true,
      () => false,
    );
  const service = await startService(dockerd, flags, at("log"), isUp, 60_000);
  return {
    host,
    docker,
    stop: async () => {
      // It ends its containerd too.
      await service.stop();
      await unmountBelow(folder.path);
      await folder.remove();
    },
  };
}

/** Where mounts are not shared (in most containers) dockerd leaves its data folder mounted onto itself. */
async function unmountBelow(folder: string): Promise<void> {
  const table = await readFile("/proc/self/mountinfo", "utf8");
  const points = table.split("\n").map((line) => line.split(" ")[4] ?? "");
  const ours = points.filter((point) => point.startsWith(`${folder}/`)).reverse();
  for (const point of ours) await execute(program("busybox"), ["umount", "-l", point]);
}

const wantedStore = process.env["BERTH_TEST_STORE"] === "containerd" ? "containerd" : "own";

async function ownPrograms(store: "own" | "containerd") {
  return store === "containerd"
    ? modernEngines()
    : { docker: program("docker"), dockerd: program("dockerd") };
}
