/** Real services on loopback for tests and the demo: started on free ports, ended by process id. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
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

export interface Registry {
  /** Such as `127.0.0.1:5123`. */
  readonly host: string;
  log(): string;
  stop(): Promise<void>;
}

export interface RegistryOptions {
  /** The one login that it accepts; everyone may do everything where not given. */
  readonly login?: { readonly user: string; readonly password: string };
  /** A given port instead of a free one. */
  readonly port?: number;
}

/** Starts Debian's docker-registry with its data in a folder of its own. */
export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const folder = await temporaryFolder("berth-registry-");
  const port = options.port ?? (await freePort());
  const host = `127.0.0.1:${port}`;
  const { login } = options;
  if (login !== undefined) {
    const { stdout } = spawn(program("htpasswd"), ["-Bbn", login.user, login.password]);
    await writeFile(join(folder.path, "htpasswd"), await buffer(stdout));
  }
  const auth = `auth: { htpasswd: { realm: test, path: ${join(folder.path, "htpasswd")} } }\n`;
  const config = join(folder.path, "config.yml");
  await writeFile(
    config,
    `version: 0.1
log: { level: info }
storage: { filesystem: { rootdirectory: ${join(folder.path, "data")} }, delete: { enabled: true } }
http: { addr: "${host}" }
${login === undefined ? "" : auth}`,
  );
  const service = await startService(
    program("docker-registry"),
    ["serve", config],
    join(folder.path, "log"),
    () => answers(`http://${host}/v2/`),
  );
  const end = async (): Promise<void> => {
    await service.stop();
    await folder.remove();
  };
  return { host, log: service.log, stop: end };
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
