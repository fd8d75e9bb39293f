/** A project with three images, and runs of berth in it as real processes that a test can kill. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { repositoryAt } from "../context/repository.ts";
import { basicAuthority } from "../registry/clients.ts";
import { type Ended, ended, plainEnv, startBerth } from "../support/command.ts";
import { type MemoryRegistry, startMemoryRegistry } from "../support/memory-registry.ts";
import { program } from "../support/programs.ts";
import { type Folder, temporaryFolder } from "../support/services.ts";
import { type Gate, openGate, type Passing } from "./gate.ts";

export const base = "group/project";
export const login = { username: "job", password: "s3cret-of-the-job" };
export const imageNames = ["child", "other", "parent"];

const files = {
  "berth.yml": `prefix: T
images: { parent: parent.Dockerfile, child: child.Dockerfile, other: other.Dockerfile }
repository: "{name}"
parents: "t/{name}"
publish: [{ branch: main, tag: latest }]
`,
  "parent.Dockerfile": "FROM scratch\nCOPY file /file\n",
  "child.Dockerfile": "FROM t/parent\nRUN child\n",
  "other.Dockerfile": "FROM scratch\nRUN other\n",
  file: "content\n",
};

export interface Workplace {
  readonly path: string;
  readonly folder: Folder;
}

/** Lays out the project in a git repository; later runs only read it. */
export async function layOut(change: Readonly<Record<string, string>> = {}): Promise<Workplace> {
  const folder = await temporaryFolder("berth-killed-");
  const path = join(folder.path, "project");
  const repository = repositoryAt({ after: () => undefined }, path);
  repository.write({ ...files, ...change });
  repository.run("init", "-q", "-b", "main");
  repository.commit();
  return { path, folder };
}

/** One registry and one job's folders; cases that share nothing can run side by side. */
export interface Stand {
  readonly memory: MemoryRegistry;
  readonly gate: Gate;
  /** The temporary folder of the job, named in the environment of all its processes. */
  readonly tmp: string;
  start(args: readonly string[], output?: string): ChildProcess;
  run(args: readonly string[], output?: string): Promise<Ended>;
  stop(): Promise<void>;
}

let stands = 0;

export async function openStand(
  { path, folder }: Workplace,
  at: (passing: Passing) => Promise<"cut" | "pass"> = async () => "pass",
): Promise<Stand> {
  const memory = await startMemoryRegistry({ authority: basicAuthority(login) });
  const gate = await openGate(memory.host, at);
  const own = join(folder.path, `stand-${stands++}`);
  const tmp = join(own, "tmp");
  mkdirSync(tmp, { recursive: true });
  const env = {
    ...plainEnv({ HOME: own, TMPDIR: tmp, NODE_COMPILE_CACHE: join(folder.path, "compiled") }),
    PATH: `${join(import.meta.dirname, "bin")}:${dirname(program("git"))}:/bin`,
    FAKE_NODE: process.execPath,
    GIT_CONFIG_GLOBAL: "/dev/null",
    T_BUILD_NETWORK: "none",
    CI: "true",
    CI_REGISTRY: gate.host,
    CI_REGISTRY_IMAGE: `${gate.host}/${base}`,
    CI_REGISTRY_USER: login.username,
    CI_REGISTRY_PASSWORD: login.password,
    CI_COMMIT_BRANCH: "main",
    CI_DEFAULT_BRANCH: "main",
  };
  const start = (args: readonly string[], output = "out") =>
    startBerth([...args, "--output", join(own, output)], { cwd: path, env });
  return {
    memory,
    gate,
    tmp,
    start,
    run: (args, output) => ended(start(args, output)),
    stop: async () => {
      await Promise.all([gate.stop(), memory.stop()]);
    },
  };
}

/** Processes whose temporary folder is the given one of a job, or lies in it. */
export function processesOf(tmp: string): readonly string[] {
  return (
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          const isDead = / [ZX] /.test(
            readFileSync(`/proc/${pid}/stat`, "utf8").split(")").at(-1) ?? "",
          );
          const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
          const where = environment.find((value) => value.startsWith("TMPDIR="))?.slice(7);
          return !isDead && (where === tmp || where?.startsWith(`${tmp}/`) === true);
        } catch {
          return false;
        }
      })
      .map((pid) => `${pid} ${commandOf(pid)}`)
      // One that is just ending has no arguments any more.
      .filter((text) => !text.endsWith(" "))
  );
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim().slice(0, 200);
  } catch {
    return "";
  }
}

/** Files in a folder whose bytes hold a secret, as it is or as Basic authentication writes it. */
export function secretsIn(folder: string): readonly string[] {
  const basic = Buffer.from(`${login.username}:${login.password}`).toString("base64");
  return filesIn(folder).filter((file) => {
    const text = unlessGone(() => readFileSync(file, "latin1")) ?? "";
    return text.includes(login.password) || text.includes(basic);
  });
}

/** All files below a folder, which others may be removing at the same time. */
export function filesIn(folder: string): readonly string[] {
  const entries = unlessGone(() => readdirSync(folder, { withFileTypes: true })) ?? [];
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : [path];
  });
}

function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

export async function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}
