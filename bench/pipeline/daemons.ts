/** A fresh Docker daemon for each job that makes a folder for one: what the service is to a job with Docker-in-Docker. */
import { link, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Dockerd, startDockerd } from "../../test/support/dockerd.ts";

export interface Daemons {
  stop(): Promise<void>;
}

/** Serves the folder until it is stopped; a daemon goes when its job says that it is done. */
export function serveDaemons(folder: string, insecureHosts: readonly string[]): Daemons {
  const running = new Map<string, Promise<Dockerd>>();
  const end = async (name: string) => {
    const daemon = running.get(name);
    running.delete(name);
    await (await daemon)?.stop();
  };
  const seen = new Set<string>();
  const begin = async (name: string) => {
    const daemon = await startDockerd(insecureHosts);
    await link(daemon.host.replace("unix://", ""), join(folder, name, "docker.sock"));
    return daemon;
  };
  const look = async () => {
    for (const name of await readdir(folder)) {
      if (!seen.has(name)) running.set(name, begin(name));
      seen.add(name);
      const isDone = await stat(join(folder, name, "done")).catch(() => undefined);
      if (isDone !== undefined && running.has(name)) void end(name);
    }
  };
  let isOver = false;
  const looking = (async () => {
    while (!isOver) {
      await look();
      await sleep(100);
    }
  })();
  return {
    async stop() {
      isOver = true;
      await looking;
      await Promise.all([...running.keys()].map(end));
    },
  };
}
