/** Standard error is one, so its log is too. */
import { type ConsoleLog, makeLog } from "./log.ts";
import { makeLiveLog } from "./progress.ts";

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
  log?.settle();
  log?.flush();
}

/** Is this a terminal that somebody looks at while the run goes on? Colours are another question. */
export function isLive(
  screen: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const inCi = [env["CI"], env["GITLAB_CI"]].some(
    (value) => !["", "false", "0", undefined].includes(value),
  );
  return screen.isTTY === true && !inCi && env["TERM"] !== "dumb";
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
