/** A Docker daemon of our own: its data, socket and containerd in one folder, the machine's own left alone. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, writeFile } from "node:fs/promises";
import { connect, type Server } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { modernEngines } from "./modern.ts";
import { program } from "./programs.ts";
import { startService, temporaryFolder } from "./services.ts";

export interface Dockerd {
  /** The value for DOCKER_HOST. */
  readonly host: string;
  /** The network that jobs name: where none may have the machine's, they are all in another. */
  readonly network: "host" | "none";
  /** Lets containers in that reach ports of the machine's loopback, once this is done; any image will do. */
  lend(image: string, ports: readonly string[]): Promise<void>;
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
  /** Root of its containers is somebody else outside of them (`userns-remap`), and none may have the machine's network. */
  readonly isRemapped?: boolean;
}

/** Runs a daemon in a mount namespace of its own, so that none of its mounts stays, with ranges of ids that hold there only. */
const apart = `mount --bind "$1" /etc/subuid
mount --bind "$1" /etc/subgid
shift
exec "$@"`;

/**
 * Starts dockerd without a network of its own (builds use the host's), and with the kernel's calls unfiltered,
 * which is what machines without a seccomp profile allow. Registries on loopback need no TLS.
 */
export async function startDockerd(
  insecureHosts: readonly string[] = [],
  { programs, flags: more = [], store = wantedStore, isRemapped = false }: DaemonOptions = {},
): Promise<Dockerd> {
  const { docker: client, dockerd } = programs ?? (await ownPrograms(store));
  const folder = await temporaryFolder("berth-dockerd-");
  const at = (name: string): string => join(folder.path, name);
  const host = `unix://${at("s")}`;
  await chmod(folder.path, 0o711);
  await writeFile(at("ranges"), "nobody:100000:65536\n");
  await writeFile(at("runtime"), joining(at("first")), { mode: 0o755 });
  await writeFile(at("seccomp.json"), '{"defaultAction":"SCMP_ACT_ALLOW"}');
  const features = { "containerd-snapshotter": store === "containerd" };
  await writeFile(at("daemon.json"), JSON.stringify({ features }));
  const docker = async (...args: readonly string[]): Promise<string> =>
    (await execute(client, ["--config", at("client"), "--host", host, ...args])).stdout;
  const flags = [
    ...["--mount", "--propagation=slave", "sh", "-euc", apart, "sh", at("ranges"), dockerd],
    `--host=${host}`,
    `--data-root=${at("data")}`,
    `--exec-root=${at("exec")}`,
    `--pidfile=${at("pid")}`,
    `--config-file=${at("daemon.json")}`,
    "--iptables=false",
    "--ip6tables=false",
    "--bridge=none",
    `--seccomp-profile=${at("seccomp.json")}`,
    ...(isRemapped ? remapped(at("runtime")) : []),
    ...more,
    ...insecureHosts.map((insecure) => `--insecure-registry=${insecure}`),
  ];
  const isUp = () =>
    docker("version").then(
      () => true,
      () => false,
    );
  const service = await startService(program("unshare"), flags, at("log"), isUp);
  return {
    host,
    network: isRemapped ? "none" : "host",
    docker,
    lend: (image, ports) => lendPorts({ docker }, at("first"), image, ports),
    stop: async () => {
      // It ends its containerd too.
      await service.stop();
      await folder.remove();
    },
  };
}

const remapped = (runtime: string) => [
  "--userns-remap=nobody:nogroup",
  `--add-runtime=joining=${runtime}`,
  "--default-runtime=joining",
];

/** The runtime of containers that are all to be in the network of the first, whose process is named by a file. */
const joining = (file: string) => `#!/bin/sh
for word; do
  case $last in --bundle) spec=$word/config.json ;; esac
  last=$word
done
if [ -n "$spec" ] && [ -e ${file} ]; then
  at=/proc/$(cat ${file})/ns
  sed -i 's#{"type":"network"}#{"type":"network","path":"'$at'/net"}#; s#{"type":"user"}#{"type":"user","path":"'$at'/user"}#' "$spec"
fi
exec runc "$@"
`;

/** Listens in the network that it runs in, and hands what it listens with to the process that began it. */
const listening = `let left = process.argv.length - 1;
const sent = () => --left || process.disconnect();
for (const port of process.argv.slice(1)) {
  const server = require("net").createServer();
  server.listen(port, "127.0.0.1", () => process.send(port, server, () => server.close(sent)));
}`;

/** Gives containers ports of the machine's loopback under their own numbers, from `docker run ARGS` on. */
async function lendPorts(
  { docker }: Pick<Dockerd, "docker">,
  file: string,
  image: string,
  ports: readonly string[],
): Promise<void> {
  // Nothing that runs alone in a container heeds SIGTERM.
  const first = ["--detach", "--network=none", "--stop-signal=KILL", image, "sleep", "infinity"];
  const id = (await docker("run", ...first)).trim();
  const pid = (await docker("inspect", "--format={{.State.Pid}}", id)).trim();
  const args = [`--net=/proc/${pid}/ns/net`, process.execPath, "-e", listening, ...ports];
  const child = spawn(program("nsenter"), args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  child.on("message", (port, server) => {
    (server as Server).unref().on("connection", (socket) => {
      const end = connect(Number(port), "127.0.0.1");
      pipeline(socket, end, socket).catch(() => undefined);
    });
  });
  await once(child, "exit");
  await writeFile(file, pid);
}

const wantedStore = process.env["BERTH_TEST_STORE"] === "containerd" ? "containerd" : "own";

async function ownPrograms(store: "own" | "containerd") {
  return store === "containerd"
    ? modernEngines()
    : { docker: program("docker"), dockerd: program("dockerd") };
}
