/** Folders that must not outlive the process, however it ends (SIGKILL and power cuts excepted). */
import { rmSync } from "node:fs";
import type { Belongings } from "./guardian.ts";

export interface ExitDuties {
  add(folder: string): void;
  done(folder: string): void;
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Removes folders when the process exits or a signal ends it; listens only while there are any. */
export function exitDuties(
  process: NodeJS.Process,
  belongings?: Pick<Belongings, "made">,
): ExitDuties {
  const folders = new Set<string>();
  const removeAll = (): void => {
    for (const folder of folders) removeNow(folder);
    folders.clear();
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    // Whoever else listens decides how the process ends, and "exit" follows. Alone, we only delayed the end.
    if (process.listenerCount(signal) > 1) return;
    removeAll();
    listen("off");
    process.kill(process.pid, signal);
  };
  const listen = (way: "on" | "off"): void => {
    process[way]("exit", removeAll);
    for (const signal of signals) process[way](signal, onSignal);
  };
  return {
    add(folder) {
      if (folders.size === 0) listen("on");
      folders.add(folder);
      belongings?.made(folder);
    },
    done(folder) {
      if (folders.delete(folder) && folders.size === 0) listen("off");
    },
  };
}

function removeNow(folder: string): void {
  try {
    // Writes that are still under way in the thread pool may put a file back for a moment.
    rmSync(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 20 });
  } catch {
    // Best effort: the process is ending, and what made it end is what counts.
  }
}
