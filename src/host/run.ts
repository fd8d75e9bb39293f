/** Runs programs, each in a process group of its own, so that ending one ends all that it started. */
import { constants } from "node:os";
import type { Run, RunOptions, RunResult } from "../world.ts";
import { groupIsAlive, signalGroup } from "./group.ts";
import type { Belongings } from "./guardian.ts";
import { lineReader, tailOf } from "./lines.ts";

export interface Runner {
  readonly run: Run;
  /** The process groups under way, by the id of their first process. */
  running(): readonly number[];
  /**
   * Ends every group (SIGTERM, after the grace SIGKILL) and resolves when none is left.
   *
   * From then on `run` starts nothing: it answers as if the program had been ended by SIGTERM.
   */
  endAll(): Promise<void>;
}

const outputCap = 1024 * 1024;

/** Makes the runner of one process; `graceMs` is how long a group may take to end by itself. */
export function createRunner(
  graceMs = 10_000,
  belongings?: Pick<Belongings, "began" | "ended">,
): Runner {
  const groups = new Set<number>();
  let ended = false;
  return {
    run: async (command, args, options = {}) => {
      const { execa } = await import("execa");
      return ended
        ? neverStarted
        : runInGroup(execa, { groups, graceMs, belongings }, command, args, options);
    },
    running: () => [...groups],
    endAll: async () => {
      ended = true;
      await Promise.all([...groups].map((group) => endGroup(group, graceMs)));
    },
  };
}

interface Started {
  readonly groups: Set<number>;
  readonly graceMs: number;
  readonly belongings: Pick<Belongings, "began" | "ended"> | undefined;
}

async function runInGroup(
  execa: typeof import("execa").execa,
  { groups, graceMs, belongings }: Started,
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<RunResult> {
  const child = execa(command, [...args], {
    cwd: options.cwd ?? process.cwd(),
    env: { ...process.env, ...options.env },
    extendEnv: false,
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    encoding: "buffer",
    ...(options.input === undefined ? { stdin: "ignore" } : { input: options.input }),
  });
  const group = child.pid;
  if (group !== undefined) {
    groups.add(group);
    belongings?.began(group);
  }
  const outputs = [child.stdout, child.stderr].map((stream) => collect(stream, options.onLine));
  const limit = timeLimit(group, options.timeoutMs, graceMs);
  // What outlives its leader would keep our pipes open and the machine busy.
  child.once("exit", () => group !== undefined && void endGroup(group, graceMs));
  const result = await child;
  limit.clear();
  if (group !== undefined) {
    await endGroup(group, graceMs);
    groups.delete(group);
    belongings?.ended(group);
  }
  return {
    exitCode: result.exitCode,
    signal: result.signal,
    missing: result.code === "ENOENT" || result.code === "EACCES",
    timedOut: limit.passed(),
    stdout: outputs[0]?.() ?? "",
    stderr: outputs[1]?.() ?? "",
  };
}

/**
 * Ends all groups when a signal asks this process to end, then exits as that signal would have made it.
 *
 * `before` is for what else must be gone, such as temporary folders. A second signal waits for nothing.
 */
export function endOnSignals(runner: Runner, before: () => Promise<void> = async () => {}): void {
  let ending = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      const exit = (): never => process.exit(128 + constants.signals[signal]);
      if (ending) {
        for (const group of runner.running()) signalGroup(group, "SIGKILL");
        exit();
      }
      ending = true;
      void runner.endAll().then(before).finally(exit);
    });
  }
}

const neverStarted: RunResult = {
  exitCode: undefined,
  signal: "SIGTERM",
  missing: false,
  timedOut: false,
  stdout: "",
  stderr: "",
};

async function endGroup(group: number, graceMs: number): Promise<void> {
  if (!groupIsAlive(group)) return;
  signalGroup(group, "SIGTERM");
  const end = performance.now() + graceMs;
  while (groupIsAlive(group) && performance.now() < end) await sleep(20);
  if (!groupIsAlive(group)) return;
  signalGroup(group, "SIGKILL");
  // A process in the kernel's hands dies when the kernel lets go of it; nobody can wait for that for ever.
  for (let tries = 0; tries < 50 && groupIsAlive(group); tries++) await sleep(20);
}

function timeLimit(group: number | undefined, timeoutMs: number | undefined, graceMs: number) {
  const state = { passed: false };
  if (group === undefined || timeoutMs === undefined)
    return { passed: () => false, clear: () => {} };
  const timer = setTimeout(() => {
    state.passed = true;
    void endGroup(group, graceMs);
  }, timeoutMs);
  return { passed: () => state.passed, clear: () => clearTimeout(timer) };
}

function collect(
  stream: NodeJS.ReadableStream | null | undefined,
  onLine: RunOptions["onLine"],
): () => string {
  const tail = tailOf(outputCap);
  const lines = onLine === undefined ? undefined : lineReader(onLine);
  stream?.on("data", (chunk: Buffer) => {
    tail.add(chunk);
    lines?.add(chunk);
  });
  stream?.once("end", () => lines?.end());
  return () => tail.text();
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
