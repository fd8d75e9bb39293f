/** Runs programs, each in a process group of its own, so that ending one ends all that it started, and cuts what they say into lines. */
import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { StringDecoder } from "node:string_decoder";
import { setTimeout as sleep } from "node:timers/promises";
import { BerthError } from "../errors.ts";
import type { Run, RunOptions, RunResult } from "../world.ts";

export type Runner = ReturnType<typeof createRunner>;

const outputCap = 1024 * 1024;

/** Makes the runner of one process; `graceMs` is how long a program may take to end by itself. */
export function createRunner(graceMs = 10_000) {
  const groups = new Set<number>();
  let ended = false;
  const run: Run = async (command, args, options = {}) => {
    const { execa } = await import("execa");
    if (ended) return neverStarted;
    const child = execa(command, args, execaOptions(options, graceMs));
    const outputs = [child.stdout, child.stderr].map((stream) => collect(stream, options.onLine));
    const { pid } = child;
    if (pid !== undefined) groups.add(pid);
    const gone = pid === undefined ? undefined : goneOf(child, pid, graceMs);
    const result = await child;
    await gone;
    if (pid !== undefined) groups.delete(pid);
    const missing = result.code === "ENOENT" || result.code === "EACCES";
    if (pid === undefined && !missing) throw neverBegan(command, result.code);
    return {
      exitCode: result.exitCode,
      signal: result.signal,
      missing,
      timedOut: result.timedOut,
      stdout: outputs[0]?.() ?? "",
      stderr: outputs[1]?.() ?? "",
    };
  };
  return {
    run,
    /** The process groups under way, by the id of their first process. */
    running: () => [...groups],
    /**
     * Ends every program (SIGTERM, after the grace SIGKILL), then what it started, and resolves when none is left.
     * From then on `run` starts nothing: it answers as if the program had been ended by SIGTERM.
     */
    endAll: async () => {
      ended = true;
      // All of a group at once: buildah, told alone, ends with an exit status as if the build had failed.
      await Promise.all([...groups].map((group) => endGroup(group, graceMs)));
    },
  };
}

function neverBegan(command: string, code: string | undefined): BerthError {
  return new BerthError("ENGINE_UNAVAILABLE", `start ${command}: ${code ?? "no process"}`, {
    hint: "the system starts no such program now: look at its limits of processes (ulimit -u, those of the container) and of memory",
  });
}

function execaOptions({ cwd, env, input, timeoutMs }: RunOptions, graceMs: number) {
  return {
    cwd: cwd ?? process.cwd(),
    env: { ...process.env, ...env },
    extendEnv: false,
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    encoding: "buffer",
    forceKillAfterDelay: graceMs,
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
    ...(input === undefined ? { stdin: "ignore" as const } : { input }),
  } as const;
}

/** When a program and all that it started is gone; what outlives its leader would keep our pipes open. */
async function goneOf(leader: ChildProcess, group: number, graceMs: number): Promise<void> {
  await new Promise((resolve) => leader.once("exit", resolve));
  await endGroup(group, graceMs);
}

/**
 * Ends all groups when a signal asks this process to end, then exits as that signal would have made it. A second signal
 * waits for nothing.
 */
export function endOnSignals(runner: Runner): void {
  let ending = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      const exit = (): never => process.exit(128 + constants.signals[signal]);
      if (ending) {
        for (const group of runner.running()) signalGroup(group, "SIGKILL");
        exit();
      }
      ending = true;
      void runner.endAll().finally(exit);
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

/** Ends what the leader of a group left behind. */
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

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // It ended in the meantime.
  }
}

/**
 * Whether a process of the group still runs.
 *
 * In containers whose first process is a shell nobody collects the dead, so those are told apart by
 * their state.
 */
export function groupIsAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return readdirSync("/proc").some((pid) => isLiving(pid, group));
}

function isLiving(pid: string, group: number): boolean {
  if (!/^\d+$/.test(pid)) return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The program's name may hold blanks and brackets; what follows the last one is fixed.
    const [state, , itsGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return itsGroup === String(group) && state !== "Z" && state !== "X";
  } catch {
    return false;
  }
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

/** A line longer than this is handed on in pieces, so that memory stays bounded. */
const longestLine = 64 * 1024;

/**
 * Hands on each line once it is whole, and what is left without a line end at the end.
 *
 * A carriage return inside a line is a progress display that overwrites itself: only the text that
 * a terminal would have shown last is handed on.
 */
export function lineReader(onLine: (line: string) => void) {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const take = (text: string): void => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) onLine(shown(part));
    // The last byte may be the CR of a CRLF, so one CR at the very end is kept.
    const overwritten = rest.lastIndexOf("\r", rest.length - 2);
    if (overwritten >= 0) rest = rest.slice(overwritten + 1);
    if (rest.length > longestLine) {
      onLine(rest);
      rest = "";
    }
  };
  return {
    add: (chunk: Uint8Array) => take(decoder.write(Buffer.from(chunk))),
    end: () => {
      take(decoder.end());
      if (rest !== "") onLine(shown(rest));
      rest = "";
    },
  };
}

function shown(line: string): string {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  return text.slice(text.lastIndexOf("\r") + 1);
}

/** Keeps the newest bytes of a stream, up to a cap. */
export function tailOf(cap: number) {
  let chunks: Buffer[] = [];
  let size = 0;
  const bytes = (): Buffer => {
    const all = Buffer.concat(chunks);
    return all.length > cap ? all.subarray(firstWhole(all, all.length - cap)) : all;
  };
  return {
    add: (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size <= 2 * cap) return;
      chunks = [bytes()];
      size = chunks[0]?.length ?? 0;
    },
    text: () => bytes().toString("utf8"),
  };
}

/** The first index from `start` on that does not cut a UTF-8 character. */
function firstWhole(bytes: Buffer, start: number): number {
  let index = start;
  while (index < bytes.length && (bytes[index]! & 0xc0) === 0x80) index++;
  return index;
}
