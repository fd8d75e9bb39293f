/** Standard error is one, so its log is too. */
import { type ConsoleLog, makeLog } from "./log.ts";
import { isLive, makeLiveLog } from "./progress-log.ts";

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

function openLog(): ConsoleLog {
  const { stderr, env } = process;
  const now = (): Date => new Date();
  if (!isLive(stderr, env)) {
    const sections = env["GITLAB_CI"] === "true";
    return makeLog({ write: (text) => stderr.write(text), sections, now });
  }
  return makeLiveLog({ screen: stderr, now, every });
}

function every(milliseconds: number, work: () => void): () => void {
  const timer = setInterval(work, milliseconds).unref();
  return () => clearInterval(timer);
}
