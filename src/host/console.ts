/** The log of this process: on a terminal what is being built is at the foot of the screen, all else above it. */
import { styleText } from "node:util";
import { printable } from "../printable.ts";
import type { ConsoleLog, Env, Screen } from "../world.ts";
import { holdWarnings, lastState, makeLog } from "./log.ts";

/** Standard error is one, so its log is too. */
let log: ConsoleLog | undefined;

/** The log of this process; opened by whoever asks first. */
export function processLog(): ConsoleLog {
  if (log === undefined) {
    log = openLog();
    // Also where a signal ends the run.
    process.once("exit", closeLog);
  }
  return log;
}

/** Ends the live view and writes the warnings; the last words of a command come after it. */
export function closeLog(): void {
  log?.flush();
}

/** Is this a terminal that somebody looks at while the run goes on? Colours are another question. */
export function isLive(screen: { readonly isTTY?: boolean }, env: Env): boolean {
  return isWatched(screen, env) && env["TERM"] !== "dumb";
}

function isWatched({ isTTY }: { readonly isTTY?: boolean }, env: Env): boolean {
  const inCi = [env["CI"], env["GITLAB_CI"]].some(
    (value) => !["", "false", "0", undefined].includes(value),
  );
  return isTTY === true && !inCi;
}

/** The width of a terminal, none elsewhere and in CI; colours as the stream and NO_COLOR allow them. */
export function screenOf(stdout: NodeJS.WriteStream, env: Env): Screen {
  return {
    width: isWatched(stdout, env) ? stdout.columns || 80 : undefined,
    paint: (style, text) => styleText(style, text, { stream: stdout }),
  };
}

function openLog(): ConsoleLog {
  const { stderr, env } = process;
  const now = (): Date => new Date();
  if (!isLive(stderr, env)) {
    const sections = env["GITLAB_CI"] === "true";
    return makeLog({ write: (text) => stderr.write(text), sections, now });
  }
  // A terminal that does not know its size says 0.
  if (!stderr.columns) Object.assign(stderr, { columns: 80, rows: 24 });
  return makeLiveLog({ screen: stderr, now, every });
}

function every(milliseconds: number, work: () => void): () => void {
  const timer = setInterval(work, milliseconds).unref();
  return () => clearInterval(timer);
}

interface LiveOptions {
  readonly screen: NodeJS.WriteStream;
  readonly now: () => Date;
  /** Calls again and again until the function that it gives is called; must not keep the process alive. */
  readonly every: (milliseconds: number, work: () => void) => () => void;
}

interface Build {
  readonly since: number;
  readonly lines: string[];
}

export function makeLiveLog({ screen, now, every }: LiveOptions): ConsoleLog {
  const time = (): number => now().getTime();
  const running = new Map<string, Build>();
  const outputs: string[] = [];
  let stop: (() => void) | undefined;
  const foot = footOf(screen, () => [...running].map((build) => buildLine(build, time())));
  const { warn, flush } = holdWarnings(foot.write);
  const rest = (text: string): void => {
    stop?.();
    stop = undefined;
    running.clear();
    foot.write([text, ...outputs.splice(0)].join(""));
  };
  return {
    info: (text) => foot.write(`${printable(text)}\n`),
    warn,
    section(name) {
      const build: Build = { since: time(), lines: [] };
      running.set(name, build);
      stop ??= every(200, foot.draw);
      void foot.open();
      return {
        line: (text) => keepLine(text, build),
        end(isFailed = false) {
          running.delete(name);
          if (isFailed) outputs.push(outputOf(name, build));
          const how = isFailed ? "failed" : "ended";
          const text = `${name}: ${how} after ${printElapsed(time() - build.since)}\n`;
          if (running.size === 0) rest(text);
          else foot.write(text);
        },
      };
    },
    around: foot.around,
    flush() {
      rest([...running.keys()].map((name) => `${name}: not finished\n`).join(""));
      flush();
    },
  };
}

function keepLine(text: string, { lines }: Build): void {
  lines.push(plainText(text));
  // Cut by halves, since shifting one by one would cost the square.
  if (lines.length > 100_000) lines.splice(0, 50_000);
}

/** Lines at the foot of a screen; the cursor stays, so that nothing has to be put back. */
function footOf(screen: NodeJS.WriteStream, lines: () => readonly string[]) {
  let view: ReturnType<typeof import("log-update").createLogUpdate> | undefined;
  const draw = (): void => {
    const cut = lines().map((line) => line.slice(0, screen.columns - 1));
    if (cut.length > 0) view?.(cut.join("\n"));
  };
  const around = (other: () => void): void => {
    view?.clear();
    other();
    draw();
  };
  const open = async (): Promise<void> => {
    const { createLogUpdate } = await import("log-update");
    view ??= createLogUpdate(screen, { showCursor: true });
    draw();
  };
  return { draw, around, open, write: (text: string) => around(() => screen.write(text)) };
}

/** Its step and its last line, of what buildah and BuildKit print: `STEP 3/7: RUN make`, `#5 [2/3] RUN make`. */
function buildLine([name, { since, lines }]: readonly [string, Build], now: number): string {
  const step = lines.findLast((line) => /^(?:\[\d+\/\d+\] )?STEP \d+\/\d+: |^#\d+ \[/.test(line));
  const last = lines.findLast((line) => line !== "");
  const words = [step ?? "preparing", ...(last === undefined || last === step ? [] : [last])];
  const plain = words.map((text) => text.replace(/^#\d+ (?:\d+\.\d+ )?/, ""));
  return `building ${name}  ${printElapsed(now - since)}  ${plain.join("  |  ")}`;
}

function outputOf(name: string, { lines }: Build): string {
  return `\n== build ${name} failed; its output:\n${lines.join("\n")}\n== end of ${name}\n\n`;
}

/** A time as people say it: `7 s`, `3m 05s`. */
export function printElapsed(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, "0")}s`;
}

/** What a line would leave on a screen: no colours, no control characters, of a progress bar the last state. */
export function plainText(line: string): string {
  return lastState(line)
    .replace(/\p{Cc}/gu, " ")
    .trim();
}
