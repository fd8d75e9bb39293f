/** A program that has our terminal or our streams, with our signals handed on to it. */
import { type ChildProcess, spawn } from "node:child_process";
import { isatty } from "node:tty";
import type { Attach, Attached, AttachOptions } from "../run/pull.ts";
import { tailOf } from "./run.ts";

const ending = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
type EndingSignal = (typeof ending)[number];

const errorsCap = 64 * 1024;

/** What of a terminal we have. Asking the streams themselves would make them ours. */
export function terminals(): { readonly input: boolean; readonly output: boolean } {
  return { input: isatty(0), output: isatty(1) };
}

/** Makes `Attach`; `graceMs` is how long a program may take to end after a signal. */
export function makeAttach(graceMs = 10_000): Attach {
  return async (command, args, options) => {
    const child = start(command, args, options);
    const errors = keepErrors(child);
    const signals = handOn(child, options, graceMs);
    const ended = await endOf(child);
    signals.stop();
    return { ...ended, asked: signals.asked(), errors: errors() };
  };
}

function start(command: string, args: readonly string[], options: AttachOptions): ChildProcess {
  const env = { ...process.env, ...options.env };
  return spawn(command, args, {
    env,
    detached: options.mode !== "terminal",
    stdio: options.mode === "progress" ? ["ignore", 2, "pipe"] : [0, 1, 2],
  });
}

function endOf(child: ChildProcess): Promise<Pick<Attached, "exitCode" | "signal" | "missing">> {
  return new Promise((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      const missing = error.code === "ENOENT" || error.code === "EACCES";
      if (missing) resolve({ exitCode: undefined, signal: undefined, missing });
      else reject(error);
    });
    child.once("close", (code, signal) => {
      resolve({ exitCode: code ?? undefined, signal: signal ?? undefined, missing: false });
    });
  });
}

function keepErrors({ stderr }: ChildProcess): () => string {
  const tail = tailOf(errorsCap);
  stderr?.on("data", (piece: Buffer) => {
    tail.add(piece);
    process.stderr.write(piece);
  });
  return () => tail.text();
}

/** Hands signals on until it is stopped; nobody else in this process answers them meanwhile. */
function handOn(child: ChildProcess, { mode, insist }: AttachOptions, graceMs: number) {
  let asked: EndingSignal | undefined;
  let insisted = false;
  const timers: NodeJS.Timeout[] = [];
  const kill = (): void => void child.kill("SIGKILL");
  const insistOnce = (): void => {
    if (insisted) return;
    insisted = true;
    timers.push(setTimeout(kill, graceMs));
    if (insist === undefined) kill();
    else void insist().catch(kill);
  };
  const onEnding = (signal: EndingSignal): void => {
    if (asked === undefined) {
      asked = signal;
      timers.push(setTimeout(insistOnce, graceMs));
      child.kill(signal);
    } else insistOnce();
  };
  const onOther = (signal: NodeJS.Signals): void => void child.kill(signal);
  // The terminal tells its foreground by itself.
  const others: readonly NodeJS.Signals[] = mode === "terminal" ? [] : ["SIGWINCH", "SIGQUIT"];
  const giveBack = [
    ...ending.map((signal) => takeOver(signal, () => onEnding(signal))),
    ...others.map((signal) => takeOver(signal, () => onOther(signal))),
  ];
  return {
    asked: () => asked,
    stop: () => {
      for (const timer of timers) clearTimeout(timer);
      for (const give of giveBack) give();
    },
  };
}

/** Answers a signal instead of all that do so now; gives what puts them back. */
function takeOver(signal: NodeJS.Signals, answer: () => void): () => void {
  const before = process.listeners(signal);
  process.on(signal, answer);
  for (const listener of before) process.off(signal, listener);
  return () => {
    for (const listener of before) process.on(signal, listener);
    process.off(signal, answer);
  };
}
