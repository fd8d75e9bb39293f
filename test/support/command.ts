/** Runs berth and other programs as real child processes, as a shell or a job would. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export type Env = Readonly<Record<string, string>>;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Where {
  readonly cwd: string;
  readonly env: Env;
}

/** The entry of the command line, run by this very Node: a bundle where there is one, which takes half the time of the sources. */
export const entry =
  process.env["BERTH_TEST_ENTRY"] ?? fileURLToPath(new URL("../../src/cli.ts", import.meta.url));

/** Runs `berth ARGS` and gives how it ended. */
export function berth(args: readonly string[], where: Where): Promise<Ended> {
  return ended(startBerth(args, where));
}

export function startBerth(args: readonly string[], where: Where): ChildProcess {
  return startProgram(process.execPath, [entry, ...args], where);
}

/** Starts a program without input, its output to be read. */
export function startProgram(
  command: string,
  args: readonly string[],
  where: Partial<Where> = {},
): ChildProcess {
  return spawn(command, args, { ...where, stdio: ["ignore", "pipe", "pipe"] });
}

/** Waits for a child and gives all that it said. */
export async function ended(child: ChildProcess): Promise<Ended> {
  const texts = [child.stdout, child.stderr].map((stream) => {
    const pieces: Buffer[] = [];
    stream?.on("data", (piece: Buffer) => pieces.push(piece));
    return () => Buffer.concat(pieces).toString();
  });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout: texts[0]?.() ?? "", stderr: texts[1]?.() ?? "" };
}

/** Runs a program to its end; a failure is an error with the last of what it said. */
export async function succeed(
  command: string,
  args: readonly string[],
  where: Partial<Where> = {},
): Promise<string> {
  const { code, signal, stdout, stderr } = await ended(startProgram(command, args, where));
  if (code === 0) return stdout;
  const said = `${stdout}\n${stderr}`.trim().slice(-3000);
  throw new Error(`${command} ${args.join(" ")}: ended with ${code ?? signal}:\n${said}`);
}

/** For git: no person's settings nor the machine's have a say, and one author. */
export const gitEnv: Env = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_AUTHOR_NAME: "Jane",
  GIT_AUTHOR_EMAIL: "jane@example.com",
  GIT_COMMITTER_NAME: "Jane",
  GIT_COMMITTER_EMAIL: "jane@example.com",
};

/** The parts of this process's environment that programs need; nothing of GitLab, Docker or a user. */
export function plainEnv(change: Env): Env {
  const kept = [
    ...["PATH", "TMPDIR", "LANG", "NODE_COMPILE_CACHE"],
    ...["http_proxy", "https_proxy", "no_proxy"],
  ];
  const entries = kept.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(entries), ...change };
}
