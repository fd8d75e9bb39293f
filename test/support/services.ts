/** Real services on loopback for tests and the demo: started on free ports, ended by process id. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A folder for one test file or one demo; `remove` deletes it. */
export interface Folder {
  readonly path: string;
  remove(): Promise<void>;
}

export async function temporaryFolder(prefix = "berth-test-"): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

type End = () => Promise<unknown>;

/** Opens what is made of several things, whose ends it collects: they come in reverse, also where one does not open. */
export async function opened<T extends object>(
  prefix: string,
  open: (folder: string, ends: End[]) => Promise<T>,
): Promise<T & { readonly folder: string; stop(): Promise<void> }> {
  const { path: folder, remove } = await temporaryFolder(prefix);
  const ends: End[] = [remove];
  const stop = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    return { ...(await open(folder, ends)), folder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

export interface Service {
  readonly pid: number;
  readonly ended: Promise<unknown>;
  /** Everything that it has printed. */
  log(): string;
  /** SIGTERM, after five seconds SIGKILL; resolves when it has ended. */
  stop(): Promise<void>;
}

/** Starts a program that runs until it is stopped, its output in a file, and waits until it answers. */
export async function startService(
  command: string,
  args: readonly string[],
  logFile: string,
  isUp: () => Promise<boolean>,
  waitMs = 60_000,
): Promise<Service> {
  const log = openSync(logFile, "a");
  const child = spawn(command, args, { stdio: ["ignore", log, log] });
  await once(child, "spawn");
  const service = {
    pid: child.pid ?? 0,
    ended: once(child, "exit"),
    log: () => readFileSync(logFile, "utf8"),
    stop: () => stop(child),
  };
  const end = Date.now() + waitMs;
  while (!(await isUp())) {
    if (child.exitCode !== null || Date.now() > end) {
      await service.stop();
      throw new Error(`${command} did not come up:\n${service.log()}`);
    }
    await sleep(25);
  }
  return service;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 5000);
  await ended;
  clearTimeout(late);
}

/** Whether something answers there, whatever it says. */
export async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
