/** A project with three images, and runs of berth in it as real processes that a test can kill. */
import type { ChildProcess } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { repositoryAt } from "../context/repository.ts";
import { basicAuthority } from "../registry/clients.ts";
import { type Ended, ended, plainEnv, startBerth } from "../support/command.ts";
import { type MemoryRegistry, startMemoryRegistry } from "../support/memory-registry.ts";
import { filesHolding } from "../support/processes.ts";
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

/** Living processes whose temporary folder is that of a job, or lies in it: number and arguments. */
export function processesOf({ tmp }: Stand): readonly string[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, "utf8");
      const isIn = read("environ")
        .split("\0")
        .some((value) => `${value}/`.startsWith(`TMPDIR=${tmp}/`));
      const text = read("cmdline").replaceAll("\0", " ").trim();
      // One that is just ending has no arguments any more.
      return isIn && text !== "" ? [`${pid} ${text.slice(0, 200)}`] : [];
    } catch {
      return [];
    }
  });
}

/** Files of a job that hold its login, as it is or as Basic authentication writes it. */
export function secretsIn({ tmp }: Stand): Promise<readonly string[]> {
  const basic = Buffer.from(`${login.username}:${login.password}`).toString("base64");
  return filesHolding(tmp, [login.password, basic]);
}
