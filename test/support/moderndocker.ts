/** A Docker daemon of Debian 13 of our own: its data, socket and containerd in one folder. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { succeed } from "./command.ts";
import type { Engines } from "./modern.ts";
import { startService, temporaryFolder } from "./services.ts";

/** Starts dockerd as `startDockerd` does, with the given programs; gives the value for DOCKER_HOST. */
export async function startModernDockerd(
  engines: Engines,
): Promise<{ readonly host: string; stop(): Promise<void> }> {
  const folder = await temporaryFolder("berth-dockerd-");
  const at = (name: string): string => join(folder.path, name);
  const host = `unix://${at("s")}`;
  await writeFile(at("seccomp.json"), '{"defaultAction":"SCMP_ACT_ALLOW"}');
  const flags = [
    `--host=${host}`,
    `--data-root=${at("data")}`,
    `--exec-root=${at("exec")}`,
    `--pidfile=${at("pid")}`,
    "--iptables=false",
    "--ip6tables=false",
    "--bridge=none",
    `--seccomp-profile=${at("seccomp.json")}`,
  ];
  const isUp = () =>
    succeed(engines.docker, ["--host", host, "version"]).then(
      () => true,
      () => false,
    );
  const service = await startService(engines.dockerd, flags, at("log"), isUp, 60_000);
  return {
    host,
    stop: async () => {
      await service.stop();
      await folder.remove();
    },
  };
}
