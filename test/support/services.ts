/** Real services on loopback for tests and the demo: started on free ports, ended by process id. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type ListenOptions, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { program } from "./programs.ts";

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

/**
 * A port of the loopback interface for a program that is yet to be started: below those that the kernel hands out by
 * itself, and this process's own as long as it lives, by a name that only one can listen at.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768);
    if (await listensAt({ path: `\0berth-test-port-${port}` })) {
      const probe = await listensAt({ port, host: "127.0.0.1" });
      if (probe === undefined) continue;
      await new Promise((resolve) => probe.close(resolve));
      return port;
    }
  }
}

function listensAt(place: ListenOptions): Promise<Server | undefined> {
  const server = createServer().unref();
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen(place, () => resolve(server));
  });
}

export interface Service {
  readonly pid: number;
  readonly ended: Promise<unknown>;
  /** Everything that it has printed. */
  log(): string;
  /** SIGTERM, after a minute SIGKILL; resolves when it has ended. */
  stop(): Promise<void>;
}

/** Starts a program that runs until it is stopped or this process ends, its output in a file, and waits until it answers. */
export async function startService(
  command: string,
  args: readonly string[],
  logFile: string,
  isUp: () => Promise<boolean>,
): Promise<Service> {
  const log = openSync(logFile, "a");
  const own = ["--pdeathsig=TERM", command, ...args];
  const child = spawn(program("setpriv"), own, { stdio: ["ignore", log, log] });
  await once(child, "spawn");
  const service = {
    pid: child.pid ?? 0,
    ended: once(child, "exit"),
    log: () => readFileSync(logFile, "utf8"),
    stop: () => stop(child),
  };
  const isGone = () => child.exitCode !== null || child.signalCode !== null;
  for (let tries = 0; tries < 24_000 && !isGone(); tries++) {
    if (await isUp()) return service;
    await sleep(25);
  }
  await service.stop();
  throw new Error(`${command} did not come up:\n${service.log().slice(-2000)}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 60_000);
  await ended;
  clearTimeout(late);
}

/** Whether somebody listens at a port of the loopback interface. */
export function isListening(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  }).finally(() => socket.destroy());
}
